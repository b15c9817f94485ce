"""A network that obeys a differential equation, u'' = -u, trained by LBFGS."""

import math

import torch
import torch.nn as nn
from torch.autograd import grad


class PINN(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(i, o) for i, o in zip(layers[:-1], layers[1:])])
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.tanh(layer(x))
        return self.layers[-1](x)


def build():
    torch.set_default_dtype(torch.float64)
    try:
        return PINN([1, 12, 12, 1])
    finally:
        torch.set_default_dtype(torch.float32)


def train(model):
    x = torch.linspace(0, math.pi, 20, dtype=torch.float64).reshape(-1, 1).requires_grad_(True)
    zero = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        model.parameters(), lr=1.0, max_iter=8, history_size=10, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )
    losses = []

    def closure():
        optimizer.zero_grad()
        u = model(x)
        du = grad(u, x, torch.ones_like(u), create_graph=True)[0]
        ddu = grad(du, x, grad_outputs=torch.ones_like(du), create_graph=True)[0]
        u0 = model(zero)
        du0 = grad(u0, zero, torch.ones_like(u0), create_graph=True)[0]
        loss = ((ddu + u) ** 2).mean() + (u0**2).mean() + ((du0 - 1) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(3):
        optimizer.step(closure)
    return losses[:20]
