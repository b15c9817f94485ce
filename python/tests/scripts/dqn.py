"""Q-learning with a replay memory, a target network and Huber's loss."""

import copy
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class DQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layer1 = nn.Linear(n_observations, 24)
        self.layer2 = nn.Linear(24, n_actions)

    def forward(self, x):
        return self.layer2(nn.functional.relu(self.layer1(x)))


def build():
    return DQN(3, 2)


def train(policy_net):
    target_net = copy.deepcopy(policy_net)
    target_net.load_state_dict(policy_net.state_dict())
    optimizer = torch.optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
    memory = deque([], maxlen=200)
    rng = np.random.RandomState(7)
    chooser = random.Random(0)
    state = torch.tensor(rng.randn(3), dtype=torch.float32).unsqueeze(0)
    losses = []
    for step in range(60):
        with torch.no_grad():
            greedy = policy_net(state).max(1)[1].view(1, 1)
        action = greedy if rng.rand() > 0.5 else torch.tensor([[rng.randint(2)]], dtype=torch.long)
        reward = torch.tensor([float(action.item() == (state[0, 0] > 0))])
        next_state = None if step % 10 == 9 else torch.tensor(rng.randn(3), dtype=torch.float32).unsqueeze(0)
        memory.append(Transition(state, action, next_state, reward))
        state = next_state if next_state is not None else torch.zeros(1, 3)
        if len(memory) < 16:
            continue
        batch = Transition(*zip(*chooser.sample(list(memory), 16)))
        mask = torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), dtype=torch.bool)
        next_states = torch.cat([s for s in batch.next_state if s is not None])
        values = policy_net(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
        next_values = torch.zeros(16)
        with torch.no_grad():
            next_values[mask] = target_net(next_states).max(1).values
        expected = torch.cat(batch.reward) + 0.9 * next_values
        loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
        optimizer.step()
        target_state, policy_state = target_net.state_dict(), policy_net.state_dict()
        for key in policy_state:
            target_state[key] = policy_state[key] * 0.05 + target_state[key] * 0.95
        target_net.load_state_dict(target_state)
        losses.append(loss.item())
    return losses
