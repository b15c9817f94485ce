"""A convolutional classifier with batch norm, SGD with momentum and steps of the learning rate."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1)
        self.bn = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(16 * 25, 32)
        self.fc2 = nn.Linear(32, 4)

    def forward(self, x):
        x = F.relu(self.bn(self.conv1(x)))
        x = F.leaky_relu(self.conv2(x), 0.1)
        x = x.view(-1, self.num_flat_features(x))
        return F.log_softmax(self.fc2(torch.relu(self.fc1(x))), dim=1)

    def num_flat_features(self, x):
        size = 1
        for s in x.size()[1:]:
            size *= s
        return size


def build():
    return Net()


def train(model):
    rng = np.random.RandomState(0)
    labels = rng.randint(0, 4, 64)
    images = rng.randn(64, 1, 12, 12).astype(np.float32) * 0.3
    images[np.arange(64), 0, labels * 3, labels * 3] += 3
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loader = DataLoader(TensorDataset(torch.from_numpy(images), torch.LongTensor(labels)), batch_size=16, shuffle=False)
    model = model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4, nesterov=True)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    losses = []
    for epoch in range(4):
        model.train()
        for batch_idx, (data, target) in enumerate(loader):
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            loss = F.nll_loss(model(data), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for data, target in loader:
            pred = model(data).argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    return losses + [correct / len(loader.dataset)]
