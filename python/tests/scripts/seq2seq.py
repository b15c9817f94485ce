"""Packed sequences of different lengths through a bidirectional GRU, decoded with attention, padding ignored."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class Encoder(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden, padding_idx=0)
        self.gru = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        output, hidden = self.gru(packed)
        output, _ = pad_packed_sequence(output, batch_first=True)
        return output, torch.cat([hidden[0], hidden[1]], dim=1)


class Decoder(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hidden, padding_idx=0)
        self.cell = nn.GRUCell(hidden + 2 * hidden, 2 * hidden)
        self.attn = nn.Linear(2 * hidden, 2 * hidden, bias=False)
        self.out = nn.Linear(2 * hidden, vocab)

    def forward(self, token, state, memory, mask):
        scores = torch.bmm(memory, self.attn(state).unsqueeze(2)).squeeze(2)
        weights = F.softmax(scores.masked_fill(mask, float("-inf")), dim=1)
        context = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
        state = self.cell(torch.cat([self.embedding(token), context], dim=1), state)
        return self.out(state), state


def build():
    return nn.ModuleDict({"encoder": Encoder(10, 8), "decoder": Decoder(10, 8)})


def train(model):
    rng = np.random.RandomState(3)
    sequences = [torch.from_numpy(rng.randint(2, 10, n)) for n in (5, 3, 7, 4)]
    lengths = torch.tensor([len(s) for s in sequences])
    source = pad_sequence(sequences, batch_first=True)
    target = pad_sequence([torch.flip(s, [0]) for s in sequences], batch_first=True)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=5e-3, alpha=0.95)
    losses = []
    for _ in range(10):
        memory, state = model["encoder"](source, lengths)
        mask = source == 0
        token = torch.ones(len(sequences), dtype=torch.long)
        loss = 0
        for t in range(target.size(1)):
            logits, state = model["decoder"](token, state, memory, mask)
            loss += F.cross_entropy(logits, target[:, t], ignore_index=0, reduction="sum")
            token = target[:, t]
        loss = loss / (target != 0).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)
        optimizer.step()
        losses.append(loss.item())
    return losses
