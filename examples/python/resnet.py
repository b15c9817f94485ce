#!/usr/bin/env python3
"""A residual network (He et al., 2015, arXiv:1512.03385) of Fashion-MNIST: three stages of widths 16, 32 and 64.

With one block a stage, ResNet-8, it is right about 90% of the test images after three epochs; --blocks 3 makes a ResNet-20.
"""

import argparse
import os

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.optim.lr_scheduler import OneCycleLR
from neura.trainer import Curves, ModelCheckpoint, ProgressBar, Trainer
from neura.utils.data import DataLoader, FashionMNIST, transforms


class Block(nn.Module):
    """[N, inputs, H, W] -> [N, outputs, H / stride, W / stride]: two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            convolution = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

    def forward(self, x: nr.Tensor) -> nr.Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.shortcut(x))


class ResNet(nn.Module):
    """[N, 1, 28, 28] -> [N, 10], one score for each class."""

    def __init__(self, blocks: int, widths: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        stages, inputs = [], widths[0]
        for i, width in enumerate(widths):
            for k in range(blocks):
                stages.append(Block(inputs, width, stride=2 if i > 0 and k == 0 else 1))
                inputs = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(inputs, 10)

    def forward(self, x: nr.Tensor) -> nr.Tensor:
        return self.head(self.stages(self.stem(x)).mean(dim=(2, 3)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=1, help="blocks of each stage")
    parser.add_argument("--max_steps", type=int, default=-1)
    parser.add_argument("--workers", type=int, default=1, help="threads that prepare batches")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="resnet_out", help="folder for checkpoints and curves")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    options = parser.parse_args()

    nr.manual_seed(options.seed)
    net = ResNet(options.blocks)
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")
    # Mean and standard deviation of the training images.
    prepare = [transforms.ToFloat(), transforms.Normalize([0.2860], [0.3530])]
    augment = [transforms.RandomCrop(28, padding=2), transforms.RandomHorizontalFlip(), *prepare]
    images = FashionMNIST(train=True, transform=augment)
    loader = DataLoader(
        images, batch_size=128, shuffle=True, drop_last=True, num_workers=options.workers, seed=options.seed
    )
    tests = DataLoader(FashionMNIST(train=False, transform=prepare), batch_size=500)
    optimizer = nr.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    checkpoint = ModelCheckpoint(options.out, monitor="val_accuracy", mode="max")
    trainer = Trainer(
        max_epochs=options.epochs,
        max_steps=options.max_steps,
        callbacks=[ProgressBar(), checkpoint, Curves(os.path.join(options.out, "curves.svg"))],
    )

    def step(batch: tuple[nr.Tensor, nr.Tensor]) -> nr.Tensor:
        x, labels = batch
        scores = net(x)
        trainer.log("accuracy", (scores.argmax(dim=1) == labels).float().mean(), len(labels))
        return F.cross_entropy(scores, labels)

    trainer.fit(
        net,
        optimizer,
        loader,
        step,
        tests,
        scheduler=OneCycleLR(optimizer, max_lr=0.2, total_steps=options.epochs * len(loader)),
        scheduler_interval="step",
        resume_from=checkpoint.last_path if options.resume else None,
    )


if __name__ == "__main__":
    main()
