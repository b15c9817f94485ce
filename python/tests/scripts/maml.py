"""Meta-learning of sines: gradients through a step of gradient descent."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.vars = nn.ParameterList()
        for shape in ((20, 1), (20, 20), (1, 20)):
            w = nn.Parameter(torch.ones(*shape))
            nn.init.kaiming_normal_(w)
            self.vars.append(w)
            self.vars.append(nn.Parameter(torch.zeros(shape[0])))

    def forward(self, x, vars=None):
        vars = list(self.vars) if vars is None else vars
        x = torch.tanh(F.linear(x, vars[0], vars[1]))
        x = torch.tanh(F.linear(x, vars[2], vars[3]))
        return F.linear(x, vars[4], vars[5])


def build():
    return Learner()


def train(net):
    rng = np.random.RandomState(8)
    meta_optim = torch.optim.Adam(net.parameters(), lr=5e-3)
    losses = []
    for _ in range(8):
        meta_loss = 0.0
        for _ in range(3):
            amplitude, phase = rng.uniform(0.5, 2), rng.uniform(0, np.pi)
            x = torch.tensor(rng.uniform(-3, 3, (20, 1)), dtype=torch.float32)
            y = amplitude * torch.sin(x + phase)
            fast_weights = list(net.parameters())
            for _ in range(2):
                loss = F.mse_loss(net(x[:10], fast_weights), y[:10])
                grad = torch.autograd.grad(loss, fast_weights, create_graph=True)
                fast_weights = list(map(lambda p: p[1] - 0.05 * p[0], zip(grad, fast_weights)))
            meta_loss = meta_loss + F.mse_loss(net(x[10:], fast_weights), y[10:])
        meta_optim.zero_grad()
        (meta_loss / 3).backward()
        meta_optim.step()
        losses.append(meta_loss.item() / 3)
    return losses
