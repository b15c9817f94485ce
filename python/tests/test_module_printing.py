"""Modules print as PyTorch's do, or as what makes them again."""

import neura as nr
import pytest
import torch
from neura import nn


def trees(library):
    n = library.nn

    class Block(n.Module):
        def __init__(self):
            super().__init__()
            self.fc = n.Linear(2, 3)
            self.layers = n.ModuleList([n.ReLU(), n.Sequential(n.Linear(3, 1, bias=False), n.Sigmoid())])

    return [
        n.Linear(2, 3),
        n.Sequential(n.Linear(2, 3), n.ReLU()),
        n.Sequential(),
        Block(),
        n.Flatten(),
        n.GELU(),
        n.SiLU(),
        n.Tanh(),
        n.Identity(),
        n.LeakyReLU(0.2),
        n.Softmax(dim=1),
        n.LogSoftmax(dim=-1),
        n.ELU(),
        n.Softplus(),
        n.ModuleDict({"a": n.ReLU()}),
        n.CrossEntropyLoss(),
        n.MSELoss(),
        n.Embedding(10, 3),
        n.Hardtanh(-2, 2),
        n.ReLU6(),
        n.LogSigmoid(),
        n.ConvTranspose2d(4, 2, 4, stride=2, padding=1, bias=False),
        n.Conv1d(4, 2, 3),
        n.Conv2d(4, 2, (3, 5), stride=2, padding=1, groups=2, bias=False),
        n.Conv2d(4, 2, 3, padding="same", dilation=2),
        n.Conv3d(4, 2, 3, padding=(1, 0, 1), padding_mode="circular"),
        n.BatchNorm2d(4, momentum=None),
        n.InstanceNorm1d(4, affine=True),
        n.LayerNorm((3, 4), elementwise_affine=False),
        n.GroupNorm(2, 4),
        n.MaxPool2d(2),
        n.MaxPool1d(3, 2, 1, return_indices=True),
        n.AvgPool1d(2),
        n.AvgPool2d(3, 2),
        n.MaxUnpool2d(2),
        n.AdaptiveMaxPool2d((3, None), return_indices=True),
        n.Dropout(0.1),
        n.Dropout2d(),
        n.RNNCell(3, 4, nonlinearity="relu"),
    ]


@pytest.mark.parametrize("index", range(len(trees(torch))))
def test_modules_print_as_in_pytorch(index):
    assert repr(trees(nr)[index]) == repr(trees(torch)[index])


def test_layers_print_what_makes_them_again():
    for text in (
        "Conv2d(4, 2, kernel_size=(3, 5), stride=(2, 2), padding=(1, 1), groups=2, bias=False)",
        "BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
        "LayerNorm((4,), eps=1e-05, elementwise_affine=True)",
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
        "Dropout(p=0.1, inplace=False)",
        "FractionalMaxPool2d(kernel_size=2, output_size=3, output_ratio=None, return_indices=False)",
    ):
        assert repr(eval(f"nn.{text}")) == text
