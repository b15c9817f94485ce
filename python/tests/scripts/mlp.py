"""Classifies clothes with two layers, as one writes it on a first day."""

import gzip

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset


def read_idx(name, offset):
    with gzip.open(f"/usr/share/datasets/fashion-mnist/{name}.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


class MLP(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.fc2 = nn.Linear(hidden, 10)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


def main():
    device = torch.device("cpu")
    images = read_idx("train-images-idx3-ubyte", 16).reshape(-1, 28, 28)[:4000]
    labels = read_idx("train-labels-idx1-ubyte", 8)[:4000]
    x = torch.from_numpy(images.astype(np.float32) / 255.0)
    y = torch.from_numpy(labels.astype(np.int64))
    train_loader = DataLoader(TensorDataset(x[:3500], y[:3500]), batch_size=50)

    random = np.random.RandomState(0)
    model = MLP(64).to(device)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.from_numpy(random.uniform(-0.05, 0.05, p.shape).astype(np.float32)))

    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    losses = []
    for epoch in range(2):
        model.train()
        total = 0.0
        for batch_idx, (data, target) in enumerate(train_loader):
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            output = model(data)
            loss = F.nll_loss(output, target)
            loss.backward()
            optimizer.step()
            total += loss.item() * data.size(0)
        losses.append(total / len(train_loader.dataset))

    model.eval()
    correct = 0
    with torch.no_grad():
        output = model(x[3500:].to(device))
        pred = output.argmax(dim=1, keepdim=True)
        correct += pred.eq(y[3500:].view_as(pred)).sum().item()
        losses.append(F.nll_loss(output, y[3500:], reduction="sum").item() / 500)
    print(f"loss {losses[-1]:.4f}, accuracy {100.0 * correct / 500:.1f}%")
    return losses
