"""Twins that share their weights, trained on pairs and on triplets."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class SiameseNetwork(nn.Module):
    def __init__(self):
        super(SiameseNetwork, self).__init__()
        self.cnn1 = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(1, 4, kernel_size=3),
            nn.PReLU(),
            nn.MaxPool2d(2, stride=2),
            nn.ZeroPad2d(1),
            nn.Conv2d(4, 8, kernel_size=3),
            nn.Hardswish(),
        )
        self.fc1 = nn.Sequential(nn.Flatten(), nn.Linear(8 * 5 * 5, 16), nn.Softsign(), nn.Linear(16, 4))

    def forward_once(self, x):
        return F.normalize(self.fc1(self.cnn1(x)), p=2, dim=1)

    def forward(self, input1, input2):
        return self.forward_once(input1), self.forward_once(input2)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=1.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        distance = F.pairwise_distance(output1, output2, keepdim=True)
        return torch.mean(
            (1 - label) * torch.pow(distance, 2) + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2)
        )


def build():
    return SiameseNetwork()


def train(net):
    rng = np.random.RandomState(11)
    first = torch.Tensor(rng.randn(12, 1, 10, 10))
    second = first + 0.1 * torch.Tensor(rng.randn(12, 1, 10, 10))
    second[6:] = torch.Tensor(rng.randn(6, 1, 10, 10))
    label = torch.FloatTensor([[0.0]] * 6 + [[1.0]] * 6)
    criterion, triplet = ContrastiveLoss(), nn.TripletMarginLoss(margin=0.5)
    optimizer = torch.optim.Adagrad(net.parameters(), lr=0.02)
    losses = []
    for _ in range(12):
        output1, output2 = net(first, second)
        loss = criterion(output1, output2, label)
        loss = loss + triplet(output1[:6], output2[:6], output1[6:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data.item())
    return losses
