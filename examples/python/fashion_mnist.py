#!/usr/bin/env python3
"""Trains a small convolutional network on Fashion-MNIST.

The network, the order of the images and every random number are those of the C++ program in examples/fashion_mnist: the
same seed gives the same checkpoint, bit for bit.
"""

import argparse
import os
import sys
import time

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.optim.lr_scheduler import OneCycleLR
from neura.utils.data import DataLoader, FashionMNIST, transforms


class Net(nn.Module):
    """[N, 1, 28, 28] -> [N, 10], one score for each class."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.bn2 = nn.BatchNorm2d(64)
        self.fc1 = nn.Linear(64 * 7 * 7, 128)
        self.dropout = nn.Dropout(0.25)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: nr.Tensor) -> nr.Tensor:
        h = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        h = F.max_pool2d(F.relu(self.bn2(self.conv2(h))), 2)
        return self.fc2(self.dropout(F.relu(self.fc1(nr.flatten(h, 1)))))


class ProgressBar:
    """A line that tells how far an epoch has come; written seldom where nobody watches."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.start, self.drawn = title, total, time.perf_counter(), 0.0

    def update(self, done: int, status: str) -> None:
        now = time.perf_counter()
        if done < self.total and now - self.drawn < (0.2 if sys.stderr.isatty() else 10.0):
            return
        self.drawn = now
        left = (now - self.start) / done * (self.total - done)
        width = 24 * done // self.total
        bar = "=" * width + " " * (24 - width)
        end = "\r" if sys.stderr.isatty() and done < self.total else "\n"
        print(f"{self.title} [{bar}] {status}  {left:3.0f} s left", end=end, file=sys.stderr, flush=True)


def load(train: bool) -> FashionMNIST:
    # Mean and standard deviation of the training images.
    prepare = [transforms.ToFloat(), transforms.Normalize([0.2860], [0.3530])]
    return FashionMNIST(train=train, transform=prepare)


def accuracy(net: Net, images: FashionMNIST) -> float:
    net.eval()
    correct = 0
    with nr.no_grad():
        for batch, labels in DataLoader(images, batch_size=1000):
            correct += (net(batch).argmax(dim=1) == labels).sum().item()
    return correct / len(images)


def train(net: Net, options: argparse.Namespace) -> None:
    train_images, test_images = load(train=True), load(train=False)
    loader = DataLoader(
        train_images, batch_size=64, shuffle=True, drop_last=True, num_workers=options.workers, seed=options.seed
    )
    optimizer = nr.optim.AdamW(net.parameters(), weight_decay=options.weight_decay)
    schedule = OneCycleLR(optimizer, max_lr=options.max_lr, total_steps=options.epochs * len(loader))
    steps = 0
    for epoch in range(1, options.epochs + 1):
        net.train()
        bar = ProgressBar(f"Epoch {epoch}/{options.epochs}", len(loader))
        loss_sum = 0.0
        for batch, (images, labels) in enumerate(loader, start=1):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += loss.item()
            bar.update(batch, f"loss {loss_sum / batch:.4f}")
            steps += 1
            if steps == options.max_steps:
                return
        print(f"test accuracy {100 * accuracy(net, test_images):.2f}%")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="threads that compute; 0 uses every core")
    parser.add_argument("--workers", type=int, default=1, help="threads that prepare batches")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bits")
    parser.add_argument("--out", default="fashion_mnist_out", help="folder for the model")
    parser.add_argument("--max_steps", type=int, default=0, help="stop after so many steps; 0: never")
    parser.add_argument("--max_lr", type=float, default=4e-3)
    parser.add_argument("--weight_decay", type=float, default=1e-2)
    options = parser.parse_args()

    if options.threads:
        nr.set_num_threads(options.threads)
    nr.manual_seed(options.seed)
    net = Net()
    print(net)
    train(net, options)
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, "model.safetensors")
    nr.save(net.state_dict(), path)
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
