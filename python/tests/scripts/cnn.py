"""Classifies drawn shapes with a small convolutional network."""

import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset


class Shapes(Dataset):
    """Squares, crosses and diagonals at random places."""

    def __init__(self, count, seed):
        random = np.random.RandomState(seed)
        self.labels = random.randint(0, 3, count)
        self.images = random.normal(0, 0.3, (count, 1, 16, 16)).astype(np.float32)
        for image, label in zip(self.images[:, 0], self.labels):
            r, c = random.randint(1, 9, 2)
            patch = image[r : r + 6, c : c + 6]
            if label == 0:
                patch[0] += 1
                patch[-1] += 1
                patch[:, 0] += 1
                patch[:, -1] += 1
            elif label == 1:
                patch[2] += 1
                patch[:, 2] += 1
            else:
                patch += np.eye(6, dtype=np.float32) * 2

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        return torch.from_numpy(self.images[idx]), int(self.labels[idx])


class Block(nn.Module):
    def __init__(self, inp, out):
        super().__init__()
        self.conv = nn.Conv2d(inp, out, kernel_size=3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Net(nn.Module):
    def __init__(self, num_classes=3):
        super(Net, self).__init__()
        self.features = nn.Sequential(Block(1, 8), nn.MaxPool2d(2, 2), Block(8, 16), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * 4 * 4, 32), nn.ReLU(), nn.Dropout(p=0.0), nn.Linear(32, num_classes)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def evaluate(model, loader, criterion):
    model.eval()
    loss, hits, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in loader:
            outputs = model(images)
            loss += criterion(outputs, labels).item() * labels.size(0)
            _, predicted = torch.max(outputs.data, 1)
            count += labels.size(0)
            hits += (predicted == labels).sum().item()
    return loss / count, hits / count


def main():
    train = DataLoader(Shapes(1200, 1), batch_size=40, shuffle=False, num_workers=0)
    test = DataLoader(Shapes(300, 2), batch_size=100)
    model = Net()
    random = np.random.RandomState(0)
    state = model.state_dict()
    for name, value in state.items():
        if name.endswith("weight") and value.dim() > 1:
            fan_in = int(np.prod(value.shape[1:]))
            state[name] = torch.tensor(random.normal(0, np.sqrt(2 / fan_in), tuple(value.shape)), dtype=torch.float32)
        elif name.endswith("bias"):
            state[name] = torch.zeros_like(value)
    model.load_state_dict(state)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = optim.Adam([{"params": decay, "weight_decay": 1e-3}, {"params": rest}], lr=3e-3)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
    losses, best, best_state = [], 0.0, None
    for epoch in range(3):
        model.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
            optimizer.step()
        scheduler.step()
        test_loss, accuracy = evaluate(model, test, criterion)
        losses.append(test_loss)
        if accuracy > best:
            best, best_state = accuracy, copy.deepcopy(model.state_dict())
        print(f"epoch {epoch + 1}: loss {test_loss:.4f}, accuracy {accuracy:.3f}, lr {scheduler.get_last_lr()[0]:.2e}")
    model.load_state_dict(best_state)
    assert evaluate(model, test, criterion)[1] == best
    return losses
