"""Two networks against each other: points on a ring."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim


class Generator(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(z_dim, 32),
            nn.BatchNorm1d(32),
            nn.ReLU(True),
            nn.Linear(32, 32),
            nn.GELU(),
            nn.Linear(32, 2),
        )

    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, input):
        return self.main(input).view(-1, 1).squeeze(1)


def gradient_penalty(netD, real, fake, mix):
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    scores = netD(between)
    (gradients,) = torch.autograd.grad(
        outputs=scores, inputs=between, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True
    )
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


def main():
    random = np.random.RandomState(0)

    def weights_init(m):
        if isinstance(m, nn.Linear):
            bound = 1 / np.sqrt(m.in_features)
            m.weight.data = torch.tensor(random.uniform(-bound, bound, (m.out_features, m.in_features)).astype(np.float32))
            nn.init.zeros_(m.bias)
        elif m.__class__.__name__.find("BatchNorm") != -1:
            nn.init.ones_(m.weight)
            nn.init.zeros_(m.bias)

    def noise():
        return torch.from_numpy(random.normal(size=(64, 4)).astype(np.float32))

    netG, netD = Generator(4), Discriminator()
    netG.apply(weights_init)
    netD.apply(weights_init)
    criterion = nn.BCEWithLogitsLoss()
    optimizerD = optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
    optimizerG = optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
    real_label, fake_label = 1.0, 0.0
    history = []
    for i in range(40):
        angle = random.uniform(0, 2 * np.pi, 64)
        real = torch.tensor(np.stack([np.cos(angle), np.sin(angle)], 1), dtype=torch.float32)

        netD.zero_grad()
        label = torch.full((64,), real_label)
        output = netD(real)
        errD_real = criterion(output, label)
        errD_real.backward()
        fake = netG(noise())
        label.fill_(fake_label)
        output = netD(fake.detach())
        errD_fake = criterion(output, label)
        errD_fake.backward()
        mix = torch.from_numpy(random.rand(64, 1).astype(np.float32))
        penalty = 0.1 * gradient_penalty(netD, real, fake.detach(), mix)
        penalty.backward()
        optimizerD.step()

        for p in netD.parameters():
            p.requires_grad = False
        netG.zero_grad()
        label.fill_(real_label)
        errG = criterion(netD(fake), label)
        errG.backward()
        optimizerG.step()
        for p in netD.parameters():
            p.requires_grad = True
        history.append((errD_real + errD_fake).item())
    radius = fake.detach().pow(2).sum(1).sqrt().mean()
    print("[%d] Loss_D: %.4f Loss_G: %.4f penalty: %.4f radius %.3f" % (i, history[-1], errG.item(), penalty.item(), radius))
    return [history[0], history[-1], errG.item(), penalty.item(), radius.item()]
