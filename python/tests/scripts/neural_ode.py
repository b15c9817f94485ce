"""A differential equation that is a network, integrated by Runge and Kutta's method."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim


class ODEFunc(nn.Module):
    def __init__(self):
        super(ODEFunc, self).__init__()
        self.net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)

    def forward(self, t, y):
        return self.net(y**3)


def odeint(func, y0, t):
    ys = [y0]
    for t0, t1 in zip(t[:-1], t[1:]):
        dt, y = t1 - t0, ys[-1]
        k1 = func(t0, y)
        k2 = func(t0 + dt / 2, y + dt * k1 / 2)
        k3 = func(t0 + dt / 2, y + dt * k2 / 2)
        k4 = func(t1, y + dt * k3)
        ys.append(y + dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6)
    return torch.stack(ys)


def build():
    return ODEFunc()


def train(func):
    t = torch.linspace(0.0, 2.0, 21)
    true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
    with torch.no_grad():
        true_y = odeint(lambda t, y: torch.mm(y**3, true_A), torch.tensor([[2.0, 0.0]]), t)
    optimizer = optim.RMSprop(func.parameters(), lr=1e-3)
    rng = np.random.RandomState(9)
    losses = []
    for itr in range(8):
        s = torch.from_numpy(rng.choice(np.arange(16, dtype=np.int64), 6, replace=False))
        batch_y0 = true_y[s]
        batch_y = torch.stack([true_y[s + i] for i in range(5)], dim=0)
        optimizer.zero_grad()
        pred_y = odeint(func, batch_y0, t[:5])
        loss = torch.mean(torch.abs(pred_y - batch_y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
