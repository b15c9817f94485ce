"""Policy gradient with a categorical policy and a baseline, on a walk along a line."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(2, 16)
        self.action_head = nn.Linear(16, 3)
        self.value_head = nn.Linear(16, 1)
        self.saved_actions = []
        self.rewards = []

    def forward(self, x):
        x = torch.tanh(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


def build():
    return Policy()


def train(model):
    rng = np.random.RandomState(6)
    optimizer = optim.Adam(model.parameters(), lr=3e-2)
    losses = []
    for episode in range(8):
        position, speed = rng.uniform(-1, 1), 0.0
        for t in range(12):
            state = torch.from_numpy(np.array([position, speed])).float()
            probs, value = model(state)
            m = Categorical(probs)
            # Drawn by NumPy, so that every library walks the same way.
            action = torch.tensor(int(np.searchsorted(np.cumsum(probs.detach().numpy()), rng.rand() * 0.999)))
            model.saved_actions.append((m.log_prob(action), value, m.entropy()))
            speed = 0.8 * speed + 0.2 * (action.item() - 1)
            position += speed
            model.rewards.append(-abs(position))
        R = 0
        returns = []
        for r in model.rewards[::-1]:
            R = r + 0.95 * R
            returns.insert(0, R)
        returns = torch.tensor(returns)
        returns = (returns - returns.mean()) / (returns.std() + 1e-6)
        policy_losses, value_losses = [], []
        for (log_prob, value, entropy), R in zip(model.saved_actions, returns):
            advantage = R - value.item()
            policy_losses.append(-log_prob * advantage - 0.01 * entropy)
            value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
        optimizer.zero_grad()
        loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        del model.rewards[:]
        del model.saved_actions[:]
    return losses
