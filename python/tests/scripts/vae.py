"""A variational autoencoder with a reparametrized normal distribution and its divergence."""

import numpy as np
import torch
from torch import nn, optim
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(20, 16)
        self.fc21 = nn.Linear(16, 3)
        self.fc22 = nn.Linear(16, 3)
        self.fc3 = nn.Linear(3, 16)
        self.fc4 = nn.Linear(16, 20)

    def encode(self, x):
        h1 = F.elu(self.fc1(x))
        return self.fc21(h1), F.softplus(self.fc22(h1)) + 1e-3

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.elu(self.fc3(z))))


def build():
    return VAE()


def train(model):
    rng = np.random.RandomState(5)
    x = torch.from_numpy((rng.rand(32, 20) > 0.6).astype(np.float32))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        mu, std = model.encode(x)
        z = mu + std * torch.from_numpy(rng.randn(32, 3).astype(np.float32))
        recon = model.decode(z)
        bce = F.binary_cross_entropy(recon, x, reduction="sum")
        kld = kl_divergence(Normal(mu, std), Normal(torch.zeros_like(mu), torch.ones_like(std))).sum()
        loss = bce + kld
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item() / len(x))
    return losses
