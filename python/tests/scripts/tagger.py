"""Tags the words of sentences of different lengths with a bidirectional LSTM, and reads sums with a GRU cell."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class Tagger(nn.Module):
    def __init__(self, words, tags, hidden=16):
        super().__init__()
        self.embed = nn.Embedding(words, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=0.0)
        self.out = nn.utils.weight_norm(nn.Linear(2 * hidden, tags))

    def forward(self, sentences, lengths):
        packed = pack_padded_sequence(self.embed(sentences), lengths, batch_first=True, enforce_sorted=False)
        self.lstm.flatten_parameters()
        output, (h, c) = self.lstm(packed)
        padded, sizes = pad_packed_sequence(output, batch_first=True)
        assert sizes.tolist() == lengths.tolist()
        return self.out(padded), torch.cat([h[-2], h[-1]], dim=1)


class Adder(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.cell = nn.GRUCell(1, hidden)
        self.out = nn.utils.spectral_norm(nn.Linear(hidden, 1))

    def forward(self, x):
        h = torch.zeros(x.size(0), self.cell.hidden_size)
        for t in range(x.size(1)):
            h = self.cell(x[:, t : t + 1], h)
        return self.out(h)


def start(model, random):
    """The same weights for every library."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.from_numpy(random.uniform(-0.3, 0.3, tuple(p.shape)).astype(np.float32)))
        for name, b in model.named_buffers():
            values = random.normal(size=tuple(b.shape)).astype(np.float32)
            b.copy_(torch.from_numpy(values / np.linalg.norm(values)))


def main():
    random = np.random.RandomState(1)
    tagger, adder = Tagger(20, 3), Adder()
    start(tagger, random)
    start(adder, random)
    losses = []
    optimizer = torch.optim.Adam([{"params": tagger.parameters()}, {"params": adder.parameters(), "lr": 1e-2}], lr=5e-3)
    for epoch in range(8):
        lengths = torch.from_numpy(random.randint(2, 9, 10))
        sentences = [torch.from_numpy(random.randint(1, 20, n)) for n in lengths.tolist()]
        # The tag of a word depends on the one before it.
        tags = [torch.cat([s[:1] % 3, (s[1:] + s[:-1]) % 3]) for s in sentences]
        scores, last = tagger(pad_sequence(sentences, batch_first=True), lengths)
        wanted = pad_sequence(tags, batch_first=True, padding_value=-100)
        numbers = torch.from_numpy(random.rand(10, 5).astype(np.float32))
        error = nn.functional.mse_loss(adder(numbers), numbers.sum(1, keepdim=True))
        loss = nn.functional.cross_entropy(scores.transpose(1, 2), wanted) + error + 1e-3 * last.pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
