"""Graph convolutions by scattering messages along edges."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class GCNConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.lin = nn.Linear(in_channels, out_channels, bias=False)
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.xavier_uniform_(self.lin.weight, gain=nn.init.calculate_gain("relu"))
        self.bias.data.zero_()

    def forward(self, x, edge_index):
        row, col = edge_index
        deg = torch.zeros(x.size(0), dtype=x.dtype).scatter_add_(0, col, torch.ones(row.size(0)))
        deg_inv_sqrt = deg.pow(-0.5)
        deg_inv_sqrt[deg_inv_sqrt == float("inf")] = 0
        norm = deg_inv_sqrt[row] * deg_inv_sqrt[col]
        messages = norm.view(-1, 1) * self.lin(x)[row]
        out = torch.zeros(x.size(0), messages.size(1)).index_add(0, col, messages)
        return out + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = GCNConv(6, 12)
        self.conv2 = GCNConv(12, 3)

    def forward(self, x, edge_index):
        return self.conv2(F.relu(self.conv1(x, edge_index)), edge_index)


def build():
    return GCN()


def train(model):
    rng = np.random.RandomState(10)
    labels = torch.from_numpy(np.repeat(np.arange(3), 10))
    x = F.one_hot(labels, 6).float() + 0.5 * torch.from_numpy(rng.randn(30, 6)).float()
    edges = rng.randint(0, 30, (2, 80))
    loops = np.tile(np.arange(30), (2, 1))
    edge_index = torch.from_numpy(np.concatenate([edges, edges[::-1], loops], axis=1))
    train_mask = torch.zeros(30, dtype=torch.bool)
    train_mask[torch.from_numpy(rng.permutation(30)[:15])] = True
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
    losses = []
    for _ in range(20):
        model.train()
        optimizer.zero_grad()
        out = model(x, edge_index)
        loss = F.cross_entropy(out[train_mask], labels[train_mask])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    pred = model(x, edge_index).argmax(dim=-1)
    return losses + [(pred == labels).float().mean().item()]
