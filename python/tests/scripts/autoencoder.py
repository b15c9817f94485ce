"""A variational autoencoder, with transposed convolutions, of blurred spots."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split


def spots(count):
    random = np.random.RandomState(3)
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12), indexing="ij"), -1)
    centers = random.uniform(2, 10, (count, 1, 1, 2))
    images = np.exp(-((grid - centers) ** 2).sum(-1) / 6.0)
    return images[:, None].astype(np.float32)


class VAE(nn.Module):
    def __init__(self, latent=4):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True), nn.Flatten(), nn.Linear(288, 32), nn.Tanh()
        )
        self.mu = nn.Linear(32, latent)
        self.logvar = nn.Linear(32, latent)
        self.expand = nn.Linear(latent, 288)
        self.decoder = nn.Sequential(nn.ELU(), nn.ConvTranspose2d(8, 1, kernel_size=4, stride=2, padding=1))

    def encode(self, x):
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def reparameterize(self, mu, logvar, noise):
        std = torch.exp(0.5 * logvar)
        return mu + noise * std

    def decode(self, z):
        h = self.expand(z).view(-1, 8, 6, 6)
        return torch.sigmoid(self.decoder(h))

    def forward(self, x, noise):
        mu, logvar = self.encode(x)
        z = self.reparameterize(mu, logvar, noise)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x, reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (BCE + KLD) / x.shape[0]


def main():
    images = torch.tensor(spots(600))
    dataset = TensorDataset(images[:500])
    held_out = images[500:]
    parts = random_split(TensorDataset(held_out), [60, 40])
    assert [len(part) for part in parts] == [60, 40]
    loader = DataLoader(dataset, batch_size=25, drop_last=True)
    model = VAE()
    random = np.random.RandomState(0)
    for name, p in model.named_parameters():
        p.data = torch.as_tensor(random.uniform(-0.1, 0.1, size=tuple(p.shape)), dtype=torch.float32)
    optimizer = optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.99), weight_decay=1e-2)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    losses = []
    for epoch in range(4):
        running = []
        for (x,) in loader:
            noise = torch.from_numpy(random.randn(x.shape[0], 4).astype("float32"))
            recon, mu, logvar = model(x, noise)
            loss = loss_function(recon, x, mu, logvar)
            for group in optimizer.param_groups:
                assert group["lr"] > 0
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 1.0)
            optimizer.step()
            running.append(loss.detach())
        scheduler.step()
        losses.append(torch.stack(running).mean().item())
        print(f"epoch {epoch}: {losses[-1]:.4f}")
    model.eval()
    with torch.no_grad():
        recon, mu, logvar = model(held_out, torch.zeros(100, 4))
        losses.append(F.mse_loss(recon, held_out).item())
        losses.append(float(F.l1_loss(recon, held_out)))
        losses.append(float(F.smooth_l1_loss(recon, held_out, beta=0.1)))
    return losses
