"""Small models of the families that people export, written with neura.nn, each with what of its inputs is open.

As a program, it runs them in ONNX Runtime, which need not be in the same Python:

    onnx_models.py export FOLDER [SET...]   with neura: the models, inputs and what eager makes of them
    onnx_models.py check FOLDER             with onnxruntime: compares what that makes of them
"""

import pathlib
import sys
from typing import Any, Callable, NamedTuple

import numpy as np

try:
    import neura as nr
    from neura import nn

    F = nn.functional
except ImportError:  # what checks needs none
    nr = None


class Model(NamedTuple):
    build: Callable[[], Any]
    inputs: Callable[..., Any]  # of sizes by their names
    axes: dict  # as dynamic_axes has them
    sizes: list  # the first is the example's
    since: int  # the operator set that has what it needs


MODELS: dict[str, Model] = {}


def model(inputs, axes, *sizes, since=13):
    """Adds a function that builds a model, or a class."""

    def add(build):
        MODELS[build.__name__] = Model(build, inputs, axes, list(sizes), since)
        return build

    return add


def images(size=32, channels=3):
    """Of a fixed size, any number of them."""
    return model(
        lambda batch: (nr.randn(batch, channels, size, size),),
        {"input": {0: "batch"}},
        {"batch": 2},
        {"batch": 1},
        {"batch": 5},
    )


def open_images(height=12, width=10, channels=3):
    """Of any size."""
    return model(
        lambda batch, height, width: (nr.randn(batch, channels, height, width),),
        {"input": {0: "batch", 2: "height", 3: "width"}},
        {"batch": 2, "height": height, "width": width},
        {"batch": 1, "height": height + 5, "width": width + 4},
        {"batch": 3, "height": height * 2, "width": width * 3},
    )


def vectors(width):
    return model(
        lambda batch: (nr.randn(batch, width),), {"input": {0: "batch"}}, {"batch": 2}, {"batch": 1}, {"batch": 6}
    )


def tokens(vocabulary=20):
    return model(
        lambda batch, length: (nr.randint(0, vocabulary, (batch, length)),),
        {"input": {0: "batch", 1: "length"}},
        {"batch": 2, "length": 5},
        {"batch": 1, "length": 1},
        {"batch": 3, "length": 9},
    )


def conv_bn(inputs, outputs, kernel=3, stride=1, groups=1, activation=None):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


if nr is not None:
    # ---- images to classes -------------------------------------------------------------------

    @images(64)
    class alexnet(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 8, 11, stride=4, padding=2),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, 2),
                nn.Conv2d(8, 12, 5, padding=2),
                nn.ReLU(inplace=True),
                nn.Conv2d(12, 8, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, 2),
            )
            self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
            self.classifier = nn.Sequential(
                nn.Dropout(), nn.Linear(8 * 36, 16), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(16, 10)
            )

        def forward(self, x):
            return self.classifier(self.avgpool(self.features(x)).flatten(1))

    @images()
    class vgg(nn.Module):
        def __init__(self):
            super().__init__()
            layers, width = [], 3
            for v in (4, "M", 8, 8, "M", 8, "M"):
                if v == "M":
                    layers.append(nn.MaxPool2d(2, 2))
                else:
                    layers += [nn.Conv2d(width, v, 3, padding=1), nn.BatchNorm2d(v), nn.ReLU(True)]
                    width = v
            self.features = nn.Sequential(*layers)
            self.classifier = nn.Sequential(nn.Linear(8 * 16, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 10))

        def forward(self, x):
            return self.classifier(nr.flatten(self.features(x), 1))

    class BasicBlock(nn.Module):
        def __init__(self, inputs, outputs, stride=1):
            super().__init__()
            self.conv1, self.conv2 = conv_bn(inputs, outputs, 3, stride), conv_bn(outputs, outputs)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = None if stride == 1 and inputs == outputs else conv_bn(inputs, outputs, 1, stride)

        def forward(self, x):
            identity = x if self.downsample is None else self.downsample(x)
            out = self.conv2(self.relu(self.conv1(x)))
            out += identity
            return self.relu(out)

    class Bottleneck(nn.Module):
        def __init__(self, inputs, outputs, stride=1, groups=1, width=4):
            super().__init__()
            self.body = nn.Sequential(
                conv_bn(inputs, width, 1, activation=nn.ReLU),
                conv_bn(width, width, 3, stride, groups, nn.ReLU),
                conv_bn(width, outputs, 1),
            )
            self.downsample = nn.Identity() if stride == 1 and inputs == outputs else conv_bn(inputs, outputs, 1, stride)

        def forward(self, x):
            return F.relu(self.body(x) + self.downsample(x))

    class ResNet(nn.Module):
        def __init__(self, block, **options):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(8)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            self.layer1 = nn.Sequential(block(8, 8, **options), block(8, 8, **options))
            self.layer2 = nn.Sequential(block(8, 16, stride=2, **options), block(16, 16, **options))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(16, 10)

        def forward(self, x):
            x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
            return self.fc(nr.flatten(self.avgpool(self.layer2(self.layer1(x))), 1))

    @open_images(32, 40)
    def resnet18():
        return ResNet(BasicBlock)

    @images()
    def resnet50():
        return ResNet(Bottleneck)

    @images()
    def resnext50():
        return ResNet(Bottleneck, groups=4, width=8)

    @images()
    def wide_resnet50():
        return ResNet(Bottleneck, width=12)

    @images()
    class densenet(nn.Module):
        class Layer(nn.Module):
            def __init__(self, inputs):
                super().__init__()
                self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 8, 1, bias=False)
                self.norm2, self.conv2 = nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3, padding=1, bias=False)

            def forward(self, features):
                x = self.conv1(F.relu(self.norm1(nr.cat(features, 1))))
                return self.conv2(F.relu(self.norm2(x)))

        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
            self.layers = nn.ModuleList(densenet.Layer(8 + 4 * i) for i in range(3))
            self.transition = nn.Sequential(nn.BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 10, 1), nn.AvgPool2d(2, 2))
            self.classifier = nn.Linear(10, 10)

        def forward(self, x):
            features = [self.stem(x)]
            for layer in self.layers:
                features.append(layer(features))
            out = F.relu(self.transition(nr.cat(features, 1)))
            return self.classifier(F.adaptive_avg_pool2d(out, (1, 1)).flatten(1))

    @images()
    class squeezenet(nn.Module):
        class Fire(nn.Module):
            def __init__(self, inputs, squeeze, expand):
                super().__init__()
                self.squeeze = nn.Conv2d(inputs, squeeze, 1)
                self.expand1x1, self.expand3x3 = nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, padding=1)

            def forward(self, x):
                x = F.relu(self.squeeze(x))
                return nr.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)

        def __init__(self):
            super().__init__()
            fire = squeezenet.Fire
            self.features = nn.Sequential(
                nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), fire(8, 4, 8), fire(16, 4, 8)
            )
            self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(16, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

        def forward(self, x):
            return nr.flatten(self.classifier(self.features(x)), 1)

    class Inception(nn.Module):
        def __init__(self, inputs, pool):
            super().__init__()
            self.branch1 = conv_bn(inputs, 4, 1, activation=nn.ReLU)
            self.branch2 = nn.Sequential(conv_bn(inputs, 4, 1, activation=nn.ReLU), conv_bn(4, 8, activation=nn.ReLU))
            self.branch3 = nn.Sequential(conv_bn(inputs, 2, 1, activation=nn.ReLU), conv_bn(2, 4, 5, activation=nn.ReLU))
            self.branch4 = nn.Sequential(pool, conv_bn(inputs, 4, 1, activation=nn.ReLU))

        def forward(self, x):
            return nr.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)

    @images()
    class googlenet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = conv_bn(3, 8, 7, 2, activation=nn.ReLU)
            self.inception3a = Inception(8, nn.MaxPool2d(3, 1, 1, ceil_mode=True))
            self.inception3b = Inception(20, nn.MaxPool2d(3, 1, 1, ceil_mode=True))
            self.dropout, self.fc = nn.Dropout(0.2), nn.Linear(20, 10)

        def forward(self, x):
            # Images are normalized otherwise than the weights were trained with.
            scales = [(0.5, -0.1), (0.4, 0.1), (0.45, 0)]
            x = nr.cat([x[:, i : i + 1] * scale + shift for i, (scale, shift) in enumerate(scales)], 1)
            x = self.inception3b(F.max_pool2d(self.inception3a(self.conv1(x)), 3, 2))
            return self.fc(self.dropout(x.mean((2, 3))))

    @images()
    class inception_v3(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv_bn(3, 8, 3, 2, activation=nn.ReLU)
            self.mixed = Inception(8, nn.AvgPool2d(3, 1, 1))
            self.tall = nn.Conv2d(20, 8, (7, 1), padding=(3, 0))
            self.wide = nn.Conv2d(20, 8, (1, 7), padding=(0, 3))
            self.fc = nn.Linear(16, 10)

        def forward(self, x):
            x = self.mixed(self.stem(x))
            x = nr.cat([self.tall(x), self.wide(x)], 1)
            return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    class SqueezeExcitation(nn.Module):
        def __init__(self, channels, squeeze, scale=nn.Sigmoid, activation=nn.ReLU):
            super().__init__()
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc1, self.fc2 = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, channels, 1)
            self.activation, self.scale = activation(), scale()

        def forward(self, x):
            return x * self.scale(self.fc2(self.activation(self.fc1(self.avgpool(x)))))

    class InvertedResidual(nn.Module):
        def __init__(self, inputs, outputs, stride=1, activation=nn.ReLU6, excite=None, kernel=3):
            super().__init__()
            hidden = inputs * 2
            self.conv = nn.Sequential(
                conv_bn(inputs, hidden, 1, activation=activation),
                conv_bn(hidden, hidden, kernel, stride, hidden, activation),
                nn.Identity() if excite is None else excite(hidden, 4),
                conv_bn(hidden, outputs, 1),
            )
            self.residual = stride == 1 and inputs == outputs

        def forward(self, x):
            return x + self.conv(x) if self.residual else self.conv(x)

    def mobile(activation, excite=None, kernel=3):
        return nn.Sequential(
            conv_bn(3, 8, 3, 2, activation=activation),
            InvertedResidual(8, 8, 1, activation, excite),
            InvertedResidual(8, 12, 2, activation, excite, kernel),
            conv_bn(12, 16, 1, activation=activation),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(16, 10),
        )

    @images()
    def mobilenet_v2():
        return mobile(nn.ReLU6)

    @images()
    def mobilenet_v3():
        return mobile(nn.Hardswish, lambda c, s: SqueezeExcitation(c, s, nn.Hardsigmoid), kernel=5)

    @images()
    def mnasnet():
        return mobile(nn.ReLU, kernel=5)

    @images()
    def efficientnet():
        return mobile(nn.SiLU, lambda c, s: SqueezeExcitation(c, s, activation=nn.SiLU))

    @images()
    class shufflenet_v2(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv_bn(3, 8, 3, 2, activation=nn.ReLU)
            self.branch = nn.Sequential(
                conv_bn(4, 4, 1, activation=nn.ReLU), conv_bn(4, 4, 3, groups=4), conv_bn(4, 4, 1, activation=nn.ReLU)
            )
            self.fc = nn.Linear(8, 10)

        def forward(self, x):
            x1, x2 = self.stem(x).chunk(2, dim=1)
            x = nr.cat((x1, self.branch(x2)), dim=1)
            batch, channels, height, width = x.size()
            x = nr.transpose(x.view(batch, 2, channels // 2, height, width), 1, 2).contiguous()
            return self.fc(x.view(batch, channels, height, width).mean([2, 3]))

    @images()
    class regnet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = conv_bn(3, 8, 3, 2, activation=nn.ReLU)
            self.a, self.b = conv_bn(8, 16, 1, activation=nn.ReLU), conv_bn(16, 16, 3, 2, 4, nn.ReLU)
            self.se, self.c = SqueezeExcitation(16, 2), conv_bn(16, 16, 1)
            self.proj, self.fc = conv_bn(8, 16, 1, 2), nn.Linear(16, 10)

        def forward(self, x):
            x = self.stem(x)
            x = F.relu(self.proj(x) + self.c(self.se(self.b(self.a(x)))))
            return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(start_dim=1))

    @open_images(16, 20)
    class convnext(nn.Module):
        class Block(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.dwconv, self.norm = nn.Conv2d(dim, dim, 7, padding=3, groups=dim), nn.LayerNorm(dim, eps=1e-6)
                self.pwconv1, self.act, self.pwconv2 = nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
                self.gamma = nn.Parameter(nr.full((dim,), 0.1))

            def forward(self, x):
                y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
                y = self.gamma * self.pwconv2(self.act(self.pwconv1(y)))
                return x + y.permute(0, 3, 1, 2)

        def __init__(self):
            super().__init__()
            self.stem, self.blocks = nn.Conv2d(3, 6, 4, 4), nn.Sequential(convnext.Block(6), convnext.Block(6))
            self.head = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 10))

        def forward(self, x):
            return self.head(self.blocks(self.stem(x)).mean([-2, -1]))

    @images(16)
    class vit(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv_proj = nn.Conv2d(3, 8, 4, 4)
            self.class_token = nn.Parameter(nr.randn(1, 1, 8))
            self.pos_embedding = nn.Parameter(nr.randn(1, 17, 8) * 0.02)
            layer = nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True, norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8))
            self.head = nn.Linear(8, 10)

        def forward(self, x):
            n = x.shape[0]
            x = self.conv_proj(x).reshape(n, 8, 16).permute(0, 2, 1)
            x = nr.cat([self.class_token.expand(n, -1, -1), x], dim=1)
            return self.head(self.encoder(x + self.pos_embedding)[:, 0])

    @images(16)
    class swin(nn.Module):
        """One shifted window attention of windows of 4 x 4 patches."""

        def __init__(self):
            super().__init__()
            self.patches, self.norm = nn.Conv2d(3, 8, 2, 2), nn.LayerNorm(8)
            self.qkv, self.proj = nn.Linear(8, 24), nn.Linear(8, 8)
            self.bias_table = nn.Parameter(nr.randn(49, 2) * 0.1)
            place = nr.stack(nr.meshgrid(nr.arange(4), nr.arange(4), indexing="ij")).flatten(1)
            relative = (place[:, :, None] - place[:, None, :]) + 3
            self.register_buffer("index", (relative[0] * 7 + relative[1]).flatten())
            self.merge, self.head = nn.Linear(32, 16, bias=False), nn.Linear(16, 10)

        def forward(self, x):
            x = self.patches(x).permute(0, 2, 3, 1)
            b, h, w, c = x.shape
            y = nr.roll(self.norm(x), shifts=(-2, -2), dims=(1, 2))
            y = y.view(b, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
            q, k, v = self.qkv(y).reshape(-1, 16, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
            bias = self.bias_table[self.index].view(16, 16, 2).permute(2, 0, 1)
            attention = (q * (c // 2) ** -0.5) @ k.transpose(-2, -1) + bias.unsqueeze(0)
            y = self.proj((attention.softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, c))
            y = y.view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
            x = x + nr.roll(y, shifts=(2, 2), dims=(1, 2))
            x = nr.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
            return self.head(self.merge(x).mean((1, 2)))

    # ---- images to images, and to places ----------------------------------------------------------

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

    # ---- sequences --------------------------------------------------------------------------------

    class Positions(nn.Module):
        def __init__(self, dim, most=64):
            super().__init__()
            at, rate = nr.arange(most).unsqueeze(1), nr.exp(nr.arange(0, dim, 2) * (-np.log(10000.0) / dim))
            self.register_buffer("pe", nr.stack([nr.sin(at * rate), nr.cos(at * rate)], -1).flatten(1))

        def forward(self, x):
            return x + self.pe[: x.size(1)]

    @tokens()
    class transformer_encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.positions = nn.Embedding(20, 8), Positions(8)
            self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
            self.decoder = nn.Linear(8, 20)

        def forward(self, x):
            return self.decoder(self.encoder(self.positions(self.embedding(x) * 8**0.5)))

    @model(
        lambda batch, source, target: (nr.randint(0, 20, (batch, source)), nr.randint(0, 20, (batch, target))),
        {"input": {0: "batch", 1: "source"}, "input1": {0: "batch", 1: "target"}},
        {"batch": 2, "source": 5, "target": 4},
        {"batch": 1, "source": 1, "target": 1},
        {"batch": 3, "source": 9, "target": 11},
    )
    class translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.positions, self.out = nn.Embedding(20, 8), Positions(8), nn.Linear(8, 20)
            self.transformer = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)

        def forward(self, source, target):
            length = target.size(1)
            mask = nr.triu(nr.ones(length, length), diagonal=1).bool()
            source, target = (self.positions(self.embedding(x)) for x in (source, target))
            return self.out(self.transformer(source, target, tgt_mask=mask))

    @tokens()
    class gpt(nn.Module):
        class Block(nn.Module):
            def __init__(self, dim, heads):
                super().__init__()
                self.heads, self.ln_1, self.ln_2 = heads, nn.LayerNorm(dim), nn.LayerNorm(dim)
                self.c_attn, self.c_proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
                self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(approximate="tanh"), nn.Linear(4 * dim, dim))

            def forward(self, x):
                b, t, c = x.size()
                q, k, v = (
                    part.view(b, t, self.heads, c // self.heads).transpose(1, 2)
                    for part in self.c_attn(self.ln_1(x)).split(c, dim=2)
                )
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
                x = x + self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))
                return x + self.mlp(self.ln_2(x))

        def __init__(self):
            super().__init__()
            self.wte, self.wpe = nn.Embedding(20, 8), nn.Embedding(64, 8)
            self.h, self.ln_f = nn.ModuleList([gpt.Block(8, 2), gpt.Block(8, 2)]), nn.LayerNorm(8)
            self.lm_head = nn.Linear(8, 20, bias=False)
            self.wte.weight = self.lm_head.weight

        def forward(self, idx):
            x = self.wte(idx) + self.wpe(nr.arange(idx.size(1)))
            for block in self.h:
                x = block(x)
            return self.lm_head(self.ln_f(x))

    @tokens()
    class llama(nn.Module):
        """Rotated positions, heads that share keys, and RMS normalization."""

        def __init__(self):
            super().__init__()
            self.embed, self.norm1, self.norm2 = nn.Embedding(20, 8), nn.RMSNorm(8, eps=1e-6), nn.RMSNorm(8, eps=1e-6)
            self.q, self.k, self.v, self.o = (nn.Linear(8, n, bias=False) for n in (8, 4, 4, 8))
            self.gate, self.up, self.down = (nn.Linear(a, b, bias=False) for a, b in ((8, 16), (8, 16), (16, 8)))
            self.register_buffer("frequencies", 1.0 / 100.0 ** (nr.arange(0, 4, 2) / 4), persistent=False)

        def rotated(self, x, cos, sin):
            half = x.shape[-1] // 2
            return x * cos + nr.cat([-x[..., half:], x[..., :half]], -1) * sin

        def forward(self, ids):
            x = self.embed(ids)
            b, t, _ = x.shape
            angles = nr.outer(nr.arange(t).float(), self.frequencies)
            angles = nr.cat([angles, angles], -1)
            y = self.norm1(x)
            q, k, v = (f(y).view(b, t, -1, 4).transpose(1, 2) for f in (self.q, self.k, self.v))
            q, k = self.rotated(q, angles.cos(), angles.sin()), self.rotated(k, angles.cos(), angles.sin())
            k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, 8)
            x = x + self.o(y)
            y = self.norm2(x)
            return x + self.down(F.silu(self.gate(y)) * self.up(y))

    @model(
        lambda batch, length: (
            nr.randint(0, 20, (batch, length)),
            (nr.arange(length) <= nr.arange(batch).unsqueeze(1) + length // 2).long(),
        ),
        {"input": {0: "batch", 1: "length"}, "input1": {0: "batch", 1: "length"}},
        {"batch": 2, "length": 5},
        {"batch": 1, "length": 1},
        {"batch": 3, "length": 9},
    )
    class bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.word, self.position, self.norm = nn.Embedding(20, 8), nn.Embedding(64, 8), nn.LayerNorm(8)
            layer = nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True)
            self.encoder, self.pooler, self.classifier = nn.TransformerEncoder(layer, 2), nn.Linear(8, 8), nn.Linear(8, 2)

        def forward(self, input_ids, attention_mask):
            x = self.norm(self.word(input_ids) + self.position(nr.arange(input_ids.size(1))))
            x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
            pooled = nr.tanh(self.pooler(x[:, 0]))
            return x * attention_mask.unsqueeze(-1), self.classifier(pooled)

    @tokens()
    class lstm_tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20, 6, padding_idx=0)
            self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
            self.hidden2tag = nn.Linear(10, 4)

        def forward(self, sentence):
            out, _ = self.lstm(self.embedding(sentence))
            return F.log_softmax(self.hidden2tag(out), dim=-1)

    @tokens()
    class gru_classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.gru, self.fc = nn.Embedding(20, 6), nn.GRU(6, 5, batch_first=True), nn.Linear(5, 3)

        def forward(self, x):
            _, hidden = self.gru(self.embedding(x))
            return self.fc(hidden[-1])

    @model(
        lambda batch, length: (nr.randint(0, 20, (length, batch)), nr.randn(1, batch, 5), nr.randn(1, batch, 5)),
        {"input": {0: "length", 1: "batch"}, "input1": {1: "batch"}, "input2": {1: "batch"}},
        {"batch": 2, "length": 5},
        {"batch": 1, "length": 1},
        {"batch": 3, "length": 9},
    )
    class lstm_language_model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.rnn, self.decoder = nn.Embedding(20, 5), nn.LSTM(5, 5), nn.Linear(5, 20)

        def forward(self, tokens, h, c):
            output, (h, c) = self.rnn(self.encoder(tokens), (h, c))
            return self.decoder(output), h, c

    @tokens()
    class rnn_classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.fc = nn.Embedding(20, 6), nn.Linear(10, 3)
            self.rnn = nn.RNN(6, 5, nonlinearity="relu", bidirectional=True, batch_first=True, bias=False)

        def forward(self, x):
            output, hidden = self.rnn(self.embedding(x))
            return self.fc(output.mean(1)), nr.cat([hidden[0], hidden[1]], -1)

    @model(
        lambda batch, frames: (nr.randn(batch, 1, 16, frames),),
        {"input": {0: "batch", 3: "frames"}},
        {"batch": 2, "frames": 20},
        {"batch": 1, "frames": 33},
        {"batch": 3, "frames": 50},
    )
    class ctc_speech(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2d(1, 4, 3, (2, 2), 1), nn.BatchNorm2d(4), nn.Hardtanh(0, 20))
            self.rnn, self.fc = nn.GRU(32, 6, num_layers=2, bidirectional=True), nn.Linear(12, 8)

        def forward(self, x):
            x = self.conv(x)
            n, c, h, t = x.size()
            x = x.view(n, c * h, t).permute(2, 0, 1)
            return F.log_softmax(self.fc(self.rnn(x)[0]), -1)

    @model(
        lambda batch, length: (nr.randn(batch, 3, length),),
        {"input": {0: "batch", 2: "length"}},
        {"batch": 2, "length": 9},
        {"batch": 1, "length": 7},
        {"batch": 3, "length": 30},
    )
    class tcn(nn.Module):
        class Block(nn.Module):
            def __init__(self, inputs, outputs, dilation):
                super().__init__()
                self.padding = 2 * dilation
                self.conv = nn.Conv1d(inputs, outputs, 3, padding=self.padding, dilation=dilation)
                self.downsample = nn.Conv1d(inputs, outputs, 1)

            def forward(self, x):
                y = F.relu(self.conv(x)[:, :, : -self.padding])
                return F.relu(y + self.downsample(x))

        def __init__(self):
            super().__init__()
            self.network, self.linear = nn.Sequential(tcn.Block(3, 6, 1), tcn.Block(6, 6, 2)), nn.Linear(6, 2)

        def forward(self, x):
            return self.linear(self.network(x)[:, :, -1])

    @model(
        lambda batch, length: (nr.randn(batch, 1, length),),
        {"input": {0: "batch", 2: "length"}},
        {"batch": 2, "length": 9},
        {"batch": 1, "length": 8},
        {"batch": 3, "length": 21},
    )
    class wavenet(nn.Module):
        def __init__(self):
            super().__init__()
            self.start, self.end = nn.Conv1d(1, 4, 1), nn.Sequential(nn.ReLU(), nn.Conv1d(4, 8, 1))
            self.filters = nn.ModuleList(nn.Conv1d(4, 8, 2, dilation=d) for d in (1, 2, 4))
            self.skips = nn.ModuleList(nn.Conv1d(4, 4, 1) for _ in range(3))

        def forward(self, x):
            x, total = self.start(x), 0
            for filter_, skip, dilation in zip(self.filters, self.skips, (1, 2, 4)):
                a, b = filter_(F.pad(x, (dilation, 0))).chunk(2, 1)
                y = nr.tanh(a) * nr.sigmoid(b)
                total, x = total + skip(y), x + y
            return self.end(total).softmax(1)

    # ---- what makes, and what compresses ---------------------------------------------------------

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

    # ---- and others ------------------------------------------------------------------------------

    @vectors(6)
    def mlp():
        return nn.Sequential(nn.Linear(6, 8), nn.Mish(), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.Softplus(), nn.Linear(8, 3))

    @images(16)
    class mlp_mixer(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches, self.norm1, self.norm2 = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.LayerNorm(8)
            self.mix_tokens = nn.Sequential(nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 16))
            self.mix_channels = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
            self.head = nn.Linear(8, 10)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = x + self.mix_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
            x = x + self.mix_channels(self.norm2(x))
            return self.head(x.mean(dim=1))

    @model(
        lambda batch: (nr.randn(batch, 1, 8, 8), nr.randn(batch, 1, 8, 8)),
        {"input": {0: "batch"}, "input1": {0: "batch"}},
        {"batch": 2},
        {"batch": 1},
        {"batch": 5},
    )
    class siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.SELU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 4))

        def forward(self, a, b):
            a, b = F.normalize(self.net(a)), F.normalize(self.net(b))
            return F.pairwise_distance(a, b), F.cosine_similarity(a, b)

    @model(
        lambda rays: (nr.randn(rays, 3), nr.randn(rays, 3)),
        {"input": {0: "rays"}, "input1": {0: "rays"}},
        {"rays": 4},
        {"rays": 1},
        {"rays": 13},
    )
    class nerf(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(15, 8), nn.Linear(8 + 15, 8)])
            self.alpha, self.feature, self.rgb = nn.Linear(8, 1), nn.Linear(8, 8), nn.Linear(8 + 3, 3)

        def forward(self, points, directions):
            encoded = nr.cat([points] + [f(points * 2.0**i) for i in range(2) for f in (nr.sin, nr.cos)], -1)
            h = F.relu(self.layers[0](encoded))
            h = F.relu(self.layers[1](nr.cat([h, encoded], -1)))
            colour = self.rgb(nr.cat([self.feature(h), directions], -1))
            return nr.cat([nr.sigmoid(colour), F.relu(self.alpha(h))], -1)

    @model(
        lambda nodes, edges: (nr.randn(nodes, 4), nr.randint(0, nodes, (2, edges))),
        {"input": {0: "nodes"}, "input1": {1: "edges"}},
        {"nodes": 5, "edges": 8},
        {"nodes": 1, "edges": 1},
        {"nodes": 9, "edges": 30},
        since=16,
    )
    class graph_convolution(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Linear(4, 6), nn.Linear(6, 3)

        def propagate(self, x, edges):
            source, target = edges[0], edges[1]
            degree = nr.zeros(x.size(0)).scatter_add(0, target, nr.ones(target.size(0))) + 1
            messages = x[source] * degree[source].rsqrt().unsqueeze(1)
            index = target.unsqueeze(1).expand(-1, x.size(1))
            total = nr.zeros_like(x).scatter_add(0, index, messages)
            return (total + x) * degree.rsqrt().unsqueeze(1)

        def forward(self, x, edges):
            x = F.relu(self.propagate(self.conv1(x), edges))
            return F.log_softmax(self.propagate(self.conv2(x), edges), dim=1)

    @tokens()
    class embedding_bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.bag, self.fc = nn.EmbeddingBag(20, 6, mode="mean"), nn.Linear(6, 3)

        def forward(self, x):
            return self.fc(self.bag(x))

    @model(
        lambda batch: (nr.randn(batch, 4), nr.randint(0, 5, (batch, 3))),
        {"input": {0: "batch"}, "input1": {0: "batch"}},
        {"batch": 2},
        {"batch": 1},
        {"batch": 7},
    )
    class wide_and_deep(nn.Module):
        """A recommender: numbers and categories."""

        def __init__(self):
            super().__init__()
            self.tables = nn.ModuleList(nn.Embedding(5, 3) for _ in range(3))
            self.deep = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 1))
            self.wide = nn.Linear(4, 1)

        def forward(self, numbers, categories):
            embedded = [table(categories[:, i]) for i, table in enumerate(self.tables)]
            pairs = sum((a * b).sum(-1, keepdim=True) for i, a in enumerate(embedded) for b in embedded[:i])
            return nr.sigmoid(self.wide(numbers) + self.deep(nr.cat([numbers, *embedded], 1)) + pairs)

    @model(
        lambda batch: (nr.rand(batch, 4, 12, 12),), {"input": {0: "batch"}}, {"batch": 2}, {"batch": 1}, {"batch": 3}
    )
    class dueling_dqn(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2d(4, 6, 4, 2), nn.ReLU(), nn.Conv2d(6, 6, 3, 1), nn.ReLU())
            self.value, self.advantage = nn.Linear(54, 1), nn.Linear(54, 4)

        def forward(self, x):
            x = self.conv(x).flatten(1)
            advantage = self.advantage(x)
            q = self.value(x) + advantage - advantage.mean(1, keepdim=True)
            return q, q.argmax(1)


def made(name):
    """A model in evaluation mode whose statistics are not those that it starts with."""
    nr.manual_seed(sorted(MODELS).index(name))
    net = MODELS[name].build()
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def outputs_of(net, inputs):
    """Those of eager, in a list."""
    with nr.no_grad():
        results = net(*inputs)
    return list(results) if isinstance(results, (tuple, list)) else [results]


def export(folder, opsets):
    for name, each in MODELS.items():
        net = made(name)
        inputs = each.inputs(**each.sizes[0])
        for opset in (opset for opset in opsets if opset >= each.since):
            path = folder / f"{name}.{opset}.onnx"
            nr.onnx.export(net, inputs, path, dynamic_axes=each.axes, opset_version=opset)
        for i, sizes in enumerate(each.sizes):
            given = each.inputs(**sizes)
            arrays = {f"in{k}": tensor.numpy() for k, tensor in enumerate(given)}
            arrays |= {f"out{k}": tensor.numpy() for k, tensor in enumerate(outputs_of(net, given))}
            np.savez(folder / f"{name}.{i}.npz", **arrays)
    print(f"{len(MODELS)} models at {len(opsets)} operator sets")


def check(folder):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    failures, runs = [], 0
    for path in sorted(folder.glob("*.onnx")):
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # each model's fault is reported
            failures.append(f"{path.name}: {str(error)[:300]}")
            continue
        for data in sorted(folder.glob(f"{path.name.split('.')[0]}.*.npz")):
            arrays = np.load(data)
            feed = {info.name: arrays[f"in{k}"] for k, info in enumerate(session.get_inputs())}
            runs += 1
            try:
                for k, actual in enumerate(session.run(None, feed)):
                    np.testing.assert_allclose(actual, arrays[f"out{k}"], rtol=1e-4, atol=1e-5)
            except Exception as error:
                failures.append(f"{path.name} on {data.name}: {str(error)[:300]}")
    print(f"{runs} runs, {len(failures)} failures")
    if failures or not runs:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    _, command, directory, *sets = sys.argv
    target = pathlib.Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    if command == "export":
        export(target, [int(opset) for opset in sets] or [17])
    else:
        check(target)
