"""Reverses sequences of numbers with an encoder and a decoder."""

import math

import numpy as np
import torch
import torch.nn as nn

WORDS, LENGTH, START = 12, 6, 0


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(0)])


class Seq2Seq(nn.Module):
    def __init__(self, d_model=32):
        super().__init__()
        self.scale = math.sqrt(d_model)
        self.source = nn.Embedding(WORDS, d_model)
        self.target = nn.Embedding(WORDS, d_model)
        self.places = PositionalEncoding(d_model, dropout=0.0)
        self.transformer = nn.Transformer(d_model, 4, 2, 2, dim_feedforward=64, dropout=0.0)
        self.head = nn.Linear(d_model, WORDS)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, src, tgt, src_padding):
        mask = nn.Transformer.generate_square_subsequent_mask(tgt.size(0))
        hidden = self.transformer(
            self.places(self.source(src) * self.scale),
            self.places(self.target(tgt) * self.scale),
            tgt_mask=mask,
            src_key_padding_mask=src_padding,
            memory_key_padding_mask=src_padding,
        )
        return self.head(hidden)


def batch(random, size):
    """Sequences [LENGTH, size] of different lengths, padded with 0, and their reverses."""
    src = np.zeros((LENGTH, size), np.int64)
    out = np.zeros((LENGTH, size), np.int64)
    for n in range(size):
        length = random.randint(3, LENGTH + 1)
        words = random.randint(2, WORDS, length)
        src[:length, n] = words
        out[:length, n] = words[::-1]
    shifted = np.concatenate([np.full((1, size), START), out[:-1]])
    return torch.from_numpy(src), torch.from_numpy(shifted), torch.from_numpy(out)


def main():
    random = np.random.RandomState(0)
    model = Seq2Seq()
    with torch.no_grad():  # the same start for every library
        for name, p in model.named_parameters():
            if p.dim() > 1:
                bound = math.sqrt(6 / (p.shape[0] + p.shape[1]))
                p.copy_(torch.from_numpy(random.uniform(-bound, bound, tuple(p.shape)).astype(np.float32)))
            elif "norm" not in name:
                p.zero_()
    criterion = nn.CrossEntropyLoss(ignore_index=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9)
    model.train()
    losses = []
    for step in range(12):
        src, tgt, out = batch(random, 16)
        logits = model(src, tgt, (src == 0).T)
        loss = criterion(logits.reshape(-1, WORDS), out.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses
