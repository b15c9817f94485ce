"""Models of which PyTorch has saved the weights: written once, for either library."""

import numpy as np
import pytest
import torch

import neura as nr


def resnet18(lib, classes):
    """torchvision's resnet18, with its names."""
    nn = lib.nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.downsample = None
            if stride != 1 or inputs != outputs:
                convolution = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
                self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

        def forward(self, x):
            h = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(h + (x if self.downsample is None else self.downsample(x)))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            widths = [64, 64, 128, 256, 512]
            for i in range(1, 5):
                first = Block(widths[i - 1], widths[i], 1 if i == 1 else 2)
                setattr(self, f"layer{i}", nn.Sequential(first, Block(widths[i], widths[i], 1)))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(512, classes)

        def forward(self, x):
            h = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            h = self.layer4(self.layer3(self.layer2(self.layer1(h))))
            return self.fc(lib.flatten(self.avgpool(h), 1))

    return ResNet()


def translator(lib, words):
    """Encoder and decoder, with embeddings of both sides."""
    nn = lib.nn

    class Translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.source, self.target = nn.Embedding(words, 32, padding_idx=0), nn.Embedding(words, 32)
            self.positions = nn.Parameter(lib.zeros(1, 20, 32))
            self.transformer = nn.Transformer(
                32, 4, num_encoder_layers=2, num_decoder_layers=3, dim_feedforward=64, activation="gelu", batch_first=True
            )
            self.head = nn.Linear(32, words)

        def forward(self, source, target):
            x = self.source(source) + self.positions[:, : source.shape[1]]
            y = self.target(target) + self.positions[:, : target.shape[1]]
            mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
            h = self.transformer(x, y, tgt_mask=mask, src_key_padding_mask=source == 0, memory_key_padding_mask=source == 0)
            return self.head(h)

    return Translator()


def drawn(model):
    """Parameters and statistics of many sizes, as after training."""
    numbers = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.is_floating_point():
                noise = torch.empty(tensor.shape).uniform_(0.5, 1.5, generator=numbers)
                tensor.copy_(noise if tensor.dim() < 2 else tensor + 0.02 * (noise - 1))
    return model


def images(lib):
    return (lib.from_numpy(np.sin(np.arange(2 * 3 * 64 * 64, dtype=np.float32)).reshape(2, 3, 64, 64)),)


def sentences(lib):
    source = np.array([[3, 7, 1, 9, 0, 0], [5, 2, 8, 4, 6, 1]])
    return lib.from_numpy(source), lib.from_numpy(np.array([[2, 4, 6, 8, 1], [9, 7, 5, 3, 2]]))


MODELS = {
    "resnet18": (lambda lib: resnet18(lib, 10), images),
    "transformer": (lambda lib: translator(lib, 12), sentences),
}


def save_safetensors(state, path):
    """Byte for byte by the format, as safetensors.torch.save_file writes it: a header in JSON, then the elements."""
    import json

    header, parts, at = {"__metadata__": {"format": "pt"}}, [], 0
    dtypes = {torch.float32: "F32", torch.int64: "I64"}
    for name, tensor in state.items():
        data = tensor.numpy().tobytes()
        header[name] = {"dtype": dtypes[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


@pytest.mark.parametrize("kind", ["torch.save", "safetensors", "whole checkpoint"])
@pytest.mark.parametrize("name", MODELS)
def test_weights_of_pytorch_give_equal_outputs(name, kind, tmp_path):
    make, inputs = MODELS[name]
    theirs, ours = drawn(make(torch)), make(nr)
    path = tmp_path / ("model.safetensors" if kind == "safetensors" else "model.pt")
    if kind == "safetensors":
        save_safetensors(theirs.state_dict(), path)
        state = nr.load(path)
    elif kind == "torch.save":
        torch.save(theirs.state_dict(), path)
        state = nr.load(path)
    else:
        torch.save({"epoch": 3, "model": theirs.state_dict()}, path)
        state = nr.load(path)["model"]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert str(ours.load_state_dict(state)) == "<All keys matched successfully>"
    for training in (False, True):
        theirs.train(training), ours.train(training)
        for module in (*theirs.modules(), *ours.modules()):  # whose random numbers differ
            if type(module).__name__ == "Dropout":
                module.p = 0.0
            if type(module).__name__ == "MultiheadAttention":
                module.dropout = 0.0
        with torch.no_grad(), nr.no_grad():
            expected, got = theirs(*inputs(torch)).numpy(), ours(*inputs(nr)).numpy()
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5 * np.abs(expected).max())
    for key, value in theirs.state_dict().items():  # statistics that training has moved
        np.testing.assert_allclose(ours.state_dict()[key].numpy(), value.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_ours_go_back(name, tmp_path):
    make, inputs = MODELS[name]
    theirs, ours = make(torch), make(nr).eval()
    nr.save(ours.state_dict(), tmp_path / "model.safetensors")
    state = {key: torch.from_numpy(value.numpy()) for key, value in nr.load(tmp_path / "model.safetensors").items()}
    theirs.load_state_dict(state)
    with torch.no_grad(), nr.no_grad():
        expected = theirs.eval()(*inputs(torch)).numpy()
        np.testing.assert_allclose(ours(*inputs(nr)).numpy(), expected, rtol=2e-4, atol=2e-5 * np.abs(expected).max())
