"""Tensors print as PyTorch prints them."""

import neura as nr
import numpy as np
import pytest
import torch

RANDOM = np.random.RandomState(0)


def as_pytorch(text):
    """A text of Neura with PyTorch's names."""
    return text.replace("neura.", "torch.")


VALUES = [
    [],
    [[]],
    [1.0],
    [1.0, 2.0],
    [0.5, 100.25, -3.0],
    [1e-8, 1.0],
    [1e10, 1.0],
    [1e-5, 2e-5],
    [123456.0, 0.001],
    [float("nan"), 1.0],
    [float("inf"), -float("inf"), 0.0],
    [0.0, -0.0],
    [1, 2, 3],
    [-1, 100000],
    [True, False],
    [[1.0, 2.0], [3.0, 4.0]],
    [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    3.0,
    3.14159265,
    1e-10,
    7,
    True,
    float("nan"),
    [0.1] * 30,
    [float(i) for i in range(40)],
    list(range(1000, 1040)),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values(value):
    assert as_pytorch(repr(nr.tensor(value))) == repr(torch.tensor(value))


@pytest.mark.parametrize("name", ["float16", "float64", "int8", "uint8", "int32", "int16", "bool"])
@pytest.mark.parametrize("value", [[], 1, [0, 1, 2], [[3, 1], [0, 2]]], ids=str)
def test_dtypes(name, value):
    ours = nr.tensor(value, dtype=getattr(nr, name))
    assert as_pytorch(repr(ours)) == repr(torch.tensor(value, dtype=getattr(torch, name)))


def test_bfloat16():
    assert as_pytorch(repr(nr.tensor([1.5, 2.25]).bfloat16())) == repr(torch.tensor([1.5, 2.25]).bfloat16())


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (1,), (3, 4), (1001,), (2000, 3), (50, 50), (10, 10, 12), (2, 2, 2, 2), (4, 1)])
@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_shapes(shape, scale):
    array = (RANDOM.randn(*shape) * scale).astype(np.float32)
    assert as_pytorch(repr(nr.tensor(array))) == repr(torch.tensor(array))


def test_integers_of_many_widths():
    array = RANDOM.randint(-(10**6), 10**6, (5, 40))
    assert as_pytorch(repr(nr.tensor(array))) == repr(torch.tensor(array))


def test_gradients_are_noted():
    ours, theirs = nr.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    assert as_pytorch(repr(ours)) == repr(theirs)
    # PyTorch counts versions of its functions: <AddBackward0>.
    assert repr(ours + 1) == repr(theirs + 1).replace("Backward0", "Backward")
    assert repr((ours * 2).sum()) == repr((theirs * 2).sum()).replace("Backward0", "Backward")
    assert repr(nr.nn.Parameter(nr.ones(2))) == repr(torch.nn.Parameter(torch.ones(2)))


def test_long_lines_with_notes():
    array = RANDOM.randn(12)
    ours, theirs = nr.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    assert as_pytorch(repr(ours)) == repr(theirs)


def test_complex():
    assert as_pytorch(repr(nr.tensor([1 + 2j, -0.5j]))) == repr(torch.tensor([1 + 2j, -0.5j]))


def test_str_and_format():
    x = nr.tensor([1.0])
    assert str(x) == repr(x) == f"{x}"
    assert f"{nr.tensor(0.123456):.3f}" == "0.123"


def test_views_print_their_own_elements():
    array = np.arange(12.0).reshape(3, 4)
    assert as_pytorch(repr(nr.tensor(array).T[1:])) == repr(torch.tensor(array).T[1:])
    assert repr(nr.tensor([1.0]).expand(2, 3)) == repr(torch.tensor([1.0]).expand(2, 3))


def test_print_options_are_pytorchs():
    values = np.array([1 / 3, 200.0, -5e-7])
    for options in (
        {"precision": 2},
        {"sci_mode": True, "precision": 3},
        {"profile": "short"},
        {"profile": "full"},
        {"threshold": 10, "edgeitems": 2},
        {"linewidth": 40},
    ):
        try:
            for library in (nr, torch):
                library.set_printoptions(**options)
            for array in (values, np.arange(12.0).reshape(3, 4) / 7, np.arange(40)):
                assert repr(nr.tensor(array)).replace("neura.", "torch.") == repr(torch.tensor(array))
        finally:
            for library in (nr, torch):
                library.set_printoptions(profile="default")
    nr.set_printoptions(sci_mode=False)
    assert repr(nr.tensor(values)) == "tensor([  0.3333, 200.0000,  -0.0000], dtype=neura.float64)"
    nr.set_printoptions(profile="default")
    assert "e-07" in repr(nr.tensor(values))
    with pytest.raises(ValueError, match="profile"):
        nr.set_printoptions(profile="long")
