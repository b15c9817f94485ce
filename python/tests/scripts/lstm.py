"""Predicts a noisy wave with an LSTM cell written by hand, and classifies sequences of words."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class LSTMCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.x2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def forward(self, x, state):
        h, c = state
        gates = self.x2h(x) + self.h2h(h)
        i, f, g, o = gates.chunk(4, dim=1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f + 1.0), torch.sigmoid(o)
        c = f * c + i * torch.tanh(g)
        return o * torch.tanh(c), c


class Model(nn.Module):
    def __init__(self, vocabulary, hidden=24):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 8)
        self.cells = nn.ModuleList([LSTMCell(9, hidden), LSTMCell(hidden, hidden)])
        self.norm = nn.LayerNorm(hidden)
        self.value = nn.Linear(hidden, 1)
        self.kind = nn.Linear(hidden, vocabulary)

    def init_state(self, batch):
        weight = next(self.parameters())
        return [(weight.new_zeros(batch, c.hidden_size), weight.new_zeros(batch, c.hidden_size)) for c in self.cells]

    def forward(self, values, words):
        batch, steps = values.shape
        state = self.init_state(batch)
        outputs = torch.zeros(batch, steps)
        embedded = self.embedding(words)
        for t in range(steps):
            x = torch.cat((values[:, t : t + 1], embedded[:, t]), dim=-1)
            for k, cell in enumerate(self.cells):
                state[k] = cell(x, state[k])
                x = state[k][0]
            outputs[:, t] = self.value(self.norm(x)).squeeze(-1)
        return outputs, self.kind(x)


def main():
    random = np.random.RandomState(1)
    time = np.arange(21) / 4.0
    words = random.randint(0, 4, (64, 1)).repeat(20, axis=1)
    phase = random.uniform(0, 2 * math.pi, (64, 1))
    waves = np.sin(time * (1 + words[:, :1]) + phase) + random.normal(0, 0.05, (64, 21))
    values = torch.tensor(waves, dtype=torch.float)
    words = torch.tensor(words, dtype=torch.long)
    model = Model(4)
    for p in model.parameters():
        if p.dim() == 2:
            bound = 1.0 / math.sqrt(p.size(1))
            p.data.copy_(torch.tensor(random.uniform(-bound, bound, tuple(p.shape))))
        else:
            nn.init.constant_(p, 0.01)
    with torch.no_grad():
        model.norm.weight.fill_(1.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.02, total_steps=30)
    losses = []
    for step in range(30):
        outputs, kinds = model(values[:, :-1], words)
        mse = ((outputs - values[:, 1:]) ** 2).mean()
        loss = mse + 0.1 * F.cross_entropy(kinds, words[:, 0])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}")
    return losses[-3:] + [outputs.std(unbiased=False).item()]
