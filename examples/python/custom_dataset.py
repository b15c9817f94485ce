#!/usr/bin/env python3
"""A dataset written in Python, loaded by the threads of C++: points in two spirals, told apart by a small network."""

import math

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.utils.data import DataLoader, Dataset, random_split


class Spirals(Dataset):
    """Example i is a point of the plane, float32 [2], and which of two spirals it lies on."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[nr.Tensor, int]:
        label = index % 2
        radius = 0.2 + 0.8 * index / self.size
        angle = 3 * math.pi * radius + math.pi * label
        return nr.tensor([radius * math.cos(angle), radius * math.sin(angle)]), label


def main() -> None:
    nr.manual_seed(0)
    train, test = random_split(Spirals(2000), [0.8, 0.2])
    net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
    optimizer = nr.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(1, 31):
        total = 0.0
        loader = DataLoader(train, batch_size=64, shuffle=True, num_workers=2)
        for points, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(points), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if epoch % 10 == 0:
            print(f"epoch {epoch:2}  loss {total / len(loader):.4f}")
    points, labels = next(iter(DataLoader(test, batch_size=len(test))))
    with nr.no_grad():
        correct = (net(points).argmax(dim=1) == labels).float().mean().item()
    print(f"test accuracy {100 * correct:.1f}%")


if __name__ == "__main__":
    main()
