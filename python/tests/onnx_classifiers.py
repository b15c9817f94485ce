"""Models that tell what images show."""

import neura as nr
from neura import nn
from onnx_model_base import images, open_images

F = nn.functional


def conv_bn(inputs, outputs, kernel=3, stride=1, groups=1, activation=None):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


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
