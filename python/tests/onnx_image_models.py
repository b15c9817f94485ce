"""Models from images to images and places, and of what makes images or compresses them."""

import neura as nr
from neura import nn
from onnx_classifiers import conv_bn
from onnx_model_base import images, model, open_images, vectors

F = nn.functional


@open_images()
class fcn(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(conv_bn(3, 8, 3, 2, activation=nn.ReLU), conv_bn(8, 8, 3, 2, activation=nn.ReLU))
        self.head = nn.Sequential(conv_bn(8, 4, activation=nn.ReLU), nn.Dropout(0.1), nn.Conv2d(4, 5, 1))

    def forward(self, x):
        out = self.head(self.backbone(x))
        return F.interpolate(out, size=x.shape[-2:], mode="bilinear", align_corners=False)


@open_images()
class deeplab(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = conv_bn(3, 8, 3, 2, activation=nn.ReLU)
        self.rates = nn.ModuleList(nn.Conv2d(8, 4, 3, padding=r, dilation=r) for r in (1, 2, 3))
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU())
        self.project = nn.Conv2d(16, 5, 1)

    def forward(self, x):
        y = self.backbone(x)
        pooled = F.interpolate(self.pool(y), size=y.shape[-2:], mode="bilinear", align_corners=False)
        y = self.project(nr.cat([rate(y) for rate in self.rates] + [pooled], 1))
        return F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=True)


@open_images()
class unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = self.double(3, 4), self.double(4, 8)
        self.middle, self.up2, self.up1 = self.double(8, 8), self.double(16, 4), self.double(8, 4)
        self.out = nn.Conv2d(4, 2, 1)

    @staticmethod
    def double(inputs, outputs):
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.GroupNorm(2, outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.middle(F.max_pool2d(b, 2))
        b = self.up2(nr.cat([b, F.interpolate(c, size=b.shape[2:], mode="nearest")], 1))
        return self.out(self.up1(nr.cat([a, F.interpolate(b, size=a.shape[2:], mode="nearest")], 1)))


@open_images(6, 5)
def super_resolution():
    return nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.Tanh(), nn.Conv2d(8, 12, 3, padding=1), nn.PixelShuffle(2))


@open_images(8, 6)
class style_transfer(nn.Module):
    def __init__(self):
        super().__init__()
        self.pad, self.conv1 = nn.ReflectionPad2d(1), nn.Conv2d(3, 8, 3, stride=2)
        self.norm1 = nn.InstanceNorm2d(8, affine=True)
        self.up, self.conv2 = nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x):
        return self.conv2(self.up(F.relu(self.norm1(self.conv1(self.pad(x))))))


@open_images(16, 24)
class yolo(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(conv_bn(3, 8, 3, 2, activation=nn.SiLU), conv_bn(8, 8, 3, 2, activation=nn.SiLU))
        self.detect = nn.Conv2d(8, 2 * 7, 1)
        self.register_buffer("anchors", nr.tensor([[4.0, 6.0], [10.0, 8.0]]).view(1, 2, 1, 1, 2))

    def forward(self, x):
        y = self.detect(self.backbone(x))
        n, _, h, w = y.shape
        y = y.view(n, 2, 7, h, w).permute(0, 1, 3, 4, 2)
        rows, columns = nr.meshgrid(nr.arange(h), nr.arange(w), indexing="ij")
        grid = nr.stack([columns, rows], -1).view(1, 1, h, w, 2)
        centers = (y[..., :2].sigmoid() * 2 - 0.5 + grid) * 4
        sizes = (y[..., 2:4].sigmoid() * 2) ** 2 * self.anchors
        return nr.cat([centers, sizes, y[..., 4:].sigmoid()], -1).view(n, -1, 7)


@images(16, 1)
class spatial_transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.localization = nn.Sequential(nn.Conv2d(1, 4, 7), nn.MaxPool2d(2, 2), nn.ReLU(), nn.Flatten())
        self.fc_loc, self.fc = nn.Linear(100, 6), nn.Linear(256, 10)

    def forward(self, x):
        theta = self.fc_loc(self.localization(x)).view(-1, 2, 3)
        grid = F.affine_grid(theta, list(x.size()), align_corners=False)
        return self.fc(F.grid_sample(x, grid, align_corners=False).flatten(1))


@vectors(12)
class vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.mean, self.logvar = nn.Linear(12, 8), nn.Linear(8, 3), nn.Linear(8, 3)
        self.fc3, self.fc4 = nn.Linear(3, 8), nn.Linear(8, 12)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mean, logvar = self.mean(h), self.logvar(h)
        z = mean + nr.randn_like(mean) * nr.exp(0.5 * logvar) if self.training else mean
        return nr.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, logvar


@model(
    lambda batch: (nr.randn(batch, 6, 1, 1),), {"input": {0: "batch"}}, {"batch": 2}, {"batch": 1}, {"batch": 5}
)
def dcgan_generator():
    return nn.Sequential(
        nn.ConvTranspose2d(6, 8, 4, 1, 0, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(True),
        nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1),
        nn.Tanh(),
    )


@images(16)
def dcgan_discriminator():
    return nn.Sequential(
        nn.Conv2d(3, 4, 4, 2, 1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(4, 8, 4, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(8, 1, 4),
        nn.Sigmoid(),
        nn.Flatten(),
    )


@open_images(8, 12, 1)
class autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ELU(), nn.Conv2d(4, 2, 3, 1, 1))
        self.decoder = nn.Sequential(nn.ConvTranspose2d(2, 4, 2, 2), nn.PReLU(4), nn.Conv2d(4, 1, 3, padding=1))

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code
