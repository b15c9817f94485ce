#!/usr/bin/env python3
"""A variational autoencoder (Kingma and Welling, 2014, arXiv:1312.6114) of Fashion-MNIST.

It leaves a picture of clothes, below each what is left of it after 16 numbers, and one of clothes that it has made up.
"""

import argparse
import os

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.trainer import Curves, ModelCheckpoint, ProgressBar, Trainer
from neura.utils.data import DataLoader, FashionMNIST, transforms
from neura.utils.data.io import write_png


class VAE(nn.Module):
    """Images [N, 1, 28, 28] of values in [0, 1] -> logits of the same shape, and mean and log variance [N, codes]."""

    def __init__(self, codes: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(400, codes), nn.Linear(400, codes)
        self.decoder = nn.Sequential(nn.Linear(codes, 400), nn.ReLU(), nn.Linear(400, 784), nn.Unflatten(1, (1, 28, 28)))

    def forward(self, x: nr.Tensor) -> tuple[nr.Tensor, nr.Tensor, nr.Tensor]:
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        noise = nr.randn_like(mean) if self.training else nr.zeros_like(mean)
        return self.decoder(mean + noise * (0.5 * log_variance).exp()), mean, log_variance


def sheet(rows: list[nr.Tensor]) -> nr.Tensor:
    """Rows of images [N, 1, 28, 28] as one, uint8 [1, H, W]."""
    lines = [nr.cat(list(row[:, 0].clamp(0, 1)), dim=1) for row in rows]
    return (nr.cat(lines, dim=0) * 255).round().to(nr.uint8).unsqueeze(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--codes", type=int, default=16, help="numbers for an image")
    parser.add_argument("--max_steps", type=int, default=-1)
    parser.add_argument("--workers", type=int, default=1, help="threads that prepare batches")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="vae_out", help="folder for checkpoints and pictures")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    options = parser.parse_args()

    nr.manual_seed(options.seed)
    net = VAE(options.codes)
    images = FashionMNIST(train=True, transform=[transforms.ToFloat()])
    tests = FashionMNIST(train=False, transform=[transforms.ToFloat()])
    loader = DataLoader(images, batch_size=128, shuffle=True, num_workers=options.workers, seed=options.seed)
    validation = DataLoader(tests, batch_size=500)
    checkpoint = ModelCheckpoint(options.out, monitor="val_loss")
    trainer = Trainer(
        max_epochs=options.epochs,
        max_steps=options.max_steps,
        callbacks=[ProgressBar(), checkpoint, Curves(os.path.join(options.out, "curves.svg"))],
    )

    def step(batch: tuple[nr.Tensor, nr.Tensor]) -> nr.Tensor:
        x, _ = batch
        logits, mean, log_variance = net(x)
        likelihood = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum() / len(x)
        trainer.log("divergence", divergence, len(x))
        loss: nr.Tensor = likelihood + divergence
        return loss

    trainer.fit(
        net,
        nr.optim.Adam(net.parameters(), lr=1e-3),
        loader,
        step,
        validation,
        resume_from=checkpoint.last_path if options.resume else None,
    )
    net.eval()
    with nr.no_grad():
        x = nr.stack([tests[i][0] for i in range(16)])
        again = net(x)[0].sigmoid()
        made_up = net.decoder(nr.randn(64, options.codes)).sigmoid()
    for name, rows in (("reconstructions.png", [x, again]), ("samples.png", list(made_up.split(16)))):
        path = os.path.join(options.out, name)
        write_png(sheet(rows), path)
        print(f"Drew {path}")


if __name__ == "__main__":
    main()
