"""Speech of made-up spectrograms: convolutions over time, a GRU and the CTC loss."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class SpeechModel(nn.Module):
    def __init__(self, n_feats, hidden, n_class):
        super().__init__()
        self.cnn = nn.Conv1d(n_feats, hidden, 5, stride=2, padding=2)
        self.norm = nn.LayerNorm(hidden)
        self.rnn = nn.GRU(hidden, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.classifier = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.GELU(), nn.Linear(hidden, n_class))

    def forward(self, x):
        x = self.cnn(x).transpose(1, 2)
        x, _ = self.rnn(F.silu(self.norm(x)))
        return self.classifier(x)


def build():
    return SpeechModel(8, 12, 6)


def train(model):
    rng = np.random.RandomState(12)
    spectrograms = torch.from_numpy(rng.randn(4, 8, 40).astype(np.float32))
    targets = torch.from_numpy(rng.randint(1, 6, (4, 6)))
    input_lengths = torch.full((4,), 20, dtype=torch.long)
    target_lengths = torch.full((4,), 6, dtype=torch.long)
    criterion = nn.CTCLoss(blank=0, zero_infinity=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, steps_per_epoch=5, epochs=3, anneal_strategy="linear")
    losses = []
    for _ in range(14):
        optimizer.zero_grad()
        output = F.log_softmax(model(spectrograms), dim=2).transpose(0, 1)
        loss = criterion(output, targets, input_lengths, target_lengths)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses
