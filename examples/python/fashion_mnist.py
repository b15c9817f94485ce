#!/usr/bin/env python3
"""Trains a small convolutional network on Fashion-MNIST.

The network, the order of the images and every random number are those of the C++ program in examples/fashion_mnist: the
same seed gives the same checkpoint, bit for bit.
"""

import argparse
import os

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.optim.lr_scheduler import OneCycleLR
from neura.trainer import Curves, ModelCheckpoint, ProgressBar, Trainer
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


def load(train: bool) -> FashionMNIST:
    # Mean and standard deviation of the training images.
    prepare = [transforms.ToFloat(), transforms.Normalize([0.2860], [0.3530])]
    return FashionMNIST(train=train, transform=prepare)


def train(net: Net, options: argparse.Namespace) -> None:
    loader = DataLoader(
        load(train=True), batch_size=64, shuffle=True, drop_last=True, num_workers=options.workers, seed=options.seed
    )
    optimizer = nr.optim.AdamW(net.parameters(), weight_decay=options.weight_decay)
    checkpoint = ModelCheckpoint(options.out, monitor="val_accuracy", mode="max")
    trainer = Trainer(
        max_epochs=options.epochs,
        max_steps=options.max_steps or -1,
        callbacks=[ProgressBar(), checkpoint, Curves(os.path.join(options.out, "learning_curves.svg"))],
    )

    def step(batch: tuple[nr.Tensor, nr.Tensor]) -> nr.Tensor:
        images, labels = batch
        scores = net(images)
        trainer.log("accuracy", (scores.argmax(dim=1) == labels).float().mean(), len(labels))
        return F.cross_entropy(scores, labels)

    trainer.fit(
        net,
        optimizer,
        loader,
        step,
        DataLoader(load(train=False), batch_size=1000),
        scheduler=OneCycleLR(optimizer, max_lr=options.max_lr, total_steps=options.epochs * len(loader)),
        scheduler_interval="step",
        resume_from=checkpoint.last_path if options.resume else None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="threads that compute; 0 uses every core")
    parser.add_argument("--workers", type=int, default=1, help="threads that prepare batches")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bits")
    parser.add_argument("--out", default="fashion_mnist_out", help="folder for the model")
    parser.add_argument("--max_steps", type=int, default=0, help="stop after so many steps; 0: never")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--max_lr", type=float, default=4e-3)
    parser.add_argument("--weight_decay", type=float, default=1e-2)
    options = parser.parse_args()

    if options.threads:
        nr.set_num_threads(options.threads)
    nr.manual_seed(options.seed)
    net = Net()
    print(net)
    train(net, options)
    path = os.path.join(options.out, "model.safetensors")
    nr.save(net.state_dict(), path)
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
