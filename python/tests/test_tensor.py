"""Creating tensors, their properties, conversions, operators, identity and copies."""

import copy
import operator
import pickle
import weakref

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same, both

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize(
    "data",
    [
        3,
        2.5,
        True,
        1 + 2j,
        [],
        [[]],
        [[], []],
        [1, 2, 3],
        [1, 2.0],
        [True, 2],
        [[1.0, 2.0], [3.0, 4.0]],
        ((1, 2), [3, 4]),
        range(4),
        [np.float64(1.5), np.float64(2)],
        [np.int32(1), 2],
    ],
)
def test_tensor_takes_what_pytorch_takes(data):
    assert_same(nr.tensor(data), torch.tensor(data))


@pytest.mark.parametrize("name", DTYPES)
def test_tensor_with_a_dtype(name):
    ours = nr.tensor([0, 1, 2], dtype=getattr(nr, name))
    assert_same(ours, torch.tensor([0, 1, 2], dtype=getattr(torch, name)))
    assert ours.dtype is getattr(nr, name)
    assert repr(ours.dtype) == f"neura.{name}"
    assert ours.element_size() == ours.itemsize == torch.tensor([], dtype=getattr(torch, name)).element_size()


def test_factories():
    assert_same(nr.zeros(2, 3), torch.zeros(2, 3))
    assert_same(nr.ones((2, 3), dtype=nr.int64), torch.ones((2, 3), dtype=torch.int64))
    assert_same(nr.full((2,), 7), torch.full((2,), 7))
    assert_same(nr.full((2,), 7.5), torch.full((2,), 7.5))
    assert_same(nr.eye(3, 2), torch.eye(3, 2))
    assert_same(nr.linspace(0, 1, 5), torch.linspace(0, 1, 5))
    assert nr.empty(2, 0, 3).shape == (2, 0, 3)
    assert_same(nr.zeros_like(nr.ones(2, dtype=nr.int8)), torch.zeros(2, dtype=torch.int8))
    assert_same(nr.ones_like(nr.zeros(2), dtype=nr.float64), torch.ones(2, dtype=torch.float64))
    assert_same(nr.full_like(nr.zeros(2), 3), torch.full((2,), 3.0))
    assert nr.zeros([]).shape == nr.zeros(()).shape == ()


@pytest.mark.parametrize("args", [(5,), (1, 5), (0, 1, 0.25), (5, 0, -2), (2.5,), (0,), (1, 2, 5)])
def test_arange(args):
    assert_same(nr.arange(*args), torch.arange(*args))


def test_random_factories_repeat_with_the_seed():
    for make in (
        lambda: nr.rand(100),
        lambda: nr.randn(4, 5),
        lambda: nr.randint(0, 10, (50,)),
        lambda: nr.randperm(20),
        lambda: nr.rand_like(nr.zeros(3)),
        lambda: nr.normal(1.0, 2.0, (10,)),
    ):
        nr.manual_seed(3)
        first = make()
        second = make()
        nr.manual_seed(3)
        assert first.tolist() == make().tolist()
        assert first.tolist() != second.tolist()
    generator = nr.Generator().manual_seed(5)
    a = nr.rand(5, generator=generator)
    assert nr.rand(5, generator=nr.Generator().manual_seed(5)).tolist() == a.tolist()
    assert sorted(nr.randperm(9).tolist()) == list(range(9))
    assert set(nr.randint(3, (1000,)).tolist()) == {0, 1, 2}


def test_properties():
    x, y = both([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert x.shape == (2, 3) and x.size() == (2, 3) and x.size(-1) == 3
    assert repr(x.shape) == "neura.Size([2, 3])" and x.shape.numel() == 6
    assert isinstance(x.shape[1:], type(x.shape))
    assert x.ndim == x.dim() == 2 and x.numel() == x.nelement() == 6 and len(x) == 2
    assert x.stride() == (3, 1) and x.T.stride() == (1, 3) and x.stride(0) == 3
    assert x.storage_offset() == 0 and x[1].storage_offset() == 3
    assert x.is_contiguous() and not x.T.is_contiguous() and x.T.contiguous().is_contiguous()
    assert x.nbytes == 24
    assert x.device.type == "cpu" and str(x.device) == "cpu"
    assert not x.requires_grad and x.is_leaf and x.grad is None and x.grad_fn is None
    assert x.data_ptr() == x.detach().data_ptr() == x.view(-1).data_ptr()
    assert x.is_floating_point() and not x.long().is_floating_point()
    assert_same(x.T, y.T)
    assert_same(x.mT, y.mT)


def test_conversions():
    x, y = both([-1.5, 0.0, 2.7])
    for name in ["float", "double", "half", "int", "long", "bool"]:
        assert_same(getattr(x, name)(), getattr(y, name)())
    assert x.to(nr.float64).dtype is nr.float64
    assert x.to("cpu") is not None and x.to("cpu").dtype is nr.float32
    assert x.to(nr.device("cpu"), nr.float64).dtype is nr.float64
    assert x.to(dtype=nr.int64).dtype is nr.int64
    assert x.to(nr.zeros(1, dtype=nr.int8)).dtype is nr.int8
    assert x.type_as(nr.zeros(1, dtype=nr.float64)).dtype is nr.float64
    assert x.to(nr.float32).data_ptr() == x.data_ptr()
    assert x.to(nr.float32, copy=True).data_ptr() != x.data_ptr()
    assert x.bfloat16().dtype is nr.bfloat16 and x.bfloat16().float().tolist() == [-1.5, 0.0, 2.703125]
    with pytest.raises((ValueError, RuntimeError), match="cuda"):
        x.to("cuda")


def test_item_and_tolist():
    assert nr.tensor(3).item() == 3 and type(nr.tensor(3).item()) is int
    assert type(nr.tensor([[2.0]]).item()) is float
    assert nr.tensor(True).item() is True
    assert nr.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert nr.tensor(2.5).tolist() == 2.5
    assert nr.zeros(2, 0).tolist() == [[], []]
    assert nr.tensor([1.5], dtype=nr.bfloat16).tolist() == [1.5]
    assert nr.tensor([True]).tolist() == [True]
    with pytest.raises((RuntimeError, ValueError), match="one element"):
        nr.zeros(2).item()
    assert float(nr.tensor(2.5)) == 2.5 and int(nr.tensor(2.9)) == 2 and bool(nr.tensor([1]))
    assert complex(nr.tensor(2.5)) == 2.5
    assert [10, 20, 30][nr.tensor(1)] == 20
    assert f"{nr.tensor(2.5):.2f}" == "2.50" and f"{nr.tensor(3):3d}" == "  3"
    with pytest.raises((RuntimeError, ValueError), match="any\\(\\)"):
        bool(nr.zeros(2))
    with pytest.raises(TypeError):
        range(nr.tensor(2.0))


BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("name", ["int64", "float32", "float64", "uint8"])
def test_operators_with_tensors_and_numbers(op, name):
    x, y = both([1, 2, 5], dtype=None)
    x, y = x.to(getattr(nr, name)), y.to(getattr(torch, name))
    assert_same(op(x, nr.full((3,), 2)), op(y, torch.full((3,), 2)))
    # PyTorch refuses to subtract a bool.
    for number in (2, 2.5) if op is operator.sub else (2, 2.5, True):
        assert_same(op(x, number), op(y, number))
        assert_same(op(number, x), op(number, y))
    assert_same(op(x.reshape(3, 1), x), op(y.reshape(3, 1), y))


def test_operators_of_one_tensor():
    x, y = both([1.5, -2.0])
    assert_same(-x, -y)
    assert_same(+x, +y)
    assert_same(abs(x), abs(y))
    a, b = both([True, False])
    assert_same(~a, ~b)
    assert_same(a & True, b & True)
    assert_same(True ^ a, True ^ b)
    assert_same(a | ~a, b | ~b)
    m, n = both([[1.0, 2.0], [3.0, 4.0]])
    assert_same(m @ m, n @ n)
    assert 2.0 in m and 7.0 not in m
    assert [row.tolist() for row in m] == [[1.0, 2.0], [3.0, 4.0]]


def test_operators_with_strangers():
    class Stranger:
        def __radd__(self, other):
            return "radd"

        def __eq__(self, other):
            return "eq"

    x = nr.ones(2)
    assert x + Stranger() == "radd"
    assert (x == Stranger()) == "eq"
    assert (x == None) is False and (x != None) is True  # noqa: E711
    with pytest.raises(TypeError):
        x + "text"
    with pytest.raises(TypeError):
        x < None  # noqa: B015
    array = np.array([1.0, 2.0], dtype=np.float32)
    assert isinstance(array + x, (nr.Tensor, np.ndarray))
    assert (np.float64(2) * x).tolist() == [2.0, 2.0]
    assert (x * np.float64(2)).dtype is nr.float32


@pytest.mark.parametrize("op", ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod"])
def test_operators_in_place(op):
    x, y = both([4.0, 9.0])
    alias = x
    x = getattr(operator, op)(x, 2)
    assert x is alias
    assert_same(x, getattr(operator, op)(y, 2))
    x[0] += 1
    assert x[0].item() == alias[0].item()


@pytest.mark.parametrize(
    "name,args",
    [
        ("add_", (2,)),
        ("sub_", (1.5,)),
        ("mul_", (3,)),
        ("div_", (2,)),
        ("pow_", (2,)),
        ("clamp_", (0.0, 1.5)),
        ("neg_", ()),
        ("abs_", ()),
        ("exp_", ()),
        ("relu_", ()),
        ("sigmoid_", ()),
        ("tanh_", ()),
        ("zero_", ()),
        ("fill_", (4,)),
        ("round_", ()),
        ("sqrt_", ()),
    ],
)
def test_in_place_methods(name, args):
    x, y = both([1.0, -2.0, 0.5, 4.0])
    pointer = x.data_ptr()
    version = x._version
    result = getattr(x, name)(*args)
    assert result is x and x.data_ptr() == pointer and x._version > version
    getattr(y, name)(*args)
    np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)


def test_in_place_keeps_the_dtype():
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        nr.ones(2, dtype=nr.int64).add_(1.5)
    with pytest.raises((RuntimeError, ValueError)):
        nr.ones(2).add_(nr.ones(3, 2))
    x = nr.zeros(3)
    x.copy_(nr.tensor([1, 2, 3]))
    assert x.tolist() == [1.0, 2.0, 3.0]
    x[:] = nr.tensor([4, 5, 6])
    assert x.tolist() == [4.0, 5.0, 6.0]
    assert x.uniform_(2, 3).min() >= 2 and x.normal_().dtype is nr.float32


def test_hash_and_identity():
    a, b = nr.ones(2), nr.ones(2)
    assert hash(a) == hash(a) and len({a, b, a}) == 2
    assert {a: 1}[a] == 1
    parameter = nr.nn.Parameter(nr.ones(2))
    layer = nr.nn.Linear(2, 2)
    layer.weight = parameter2 = nr.nn.Parameter(nr.ones(2, 2))
    assert layer.weight is parameter2 and next(layer.parameters()) is parameter2
    assert parameter.requires_grad_() is parameter
    reference = weakref.ref(a)
    del a
    assert reference() is None


def test_copies():
    x = nr.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    deep = copy.deepcopy(x)
    assert deep.requires_grad and deep.grad.tolist() == [2.0, 2.0] and deep.data_ptr() != x.data_ptr()
    both_copied = copy.deepcopy([x, x])
    assert both_copied[0] is both_copied[1]
    shallow = copy.copy(x)
    assert shallow.tolist() == x.tolist() and shallow.requires_grad
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(x * 2)
    with pytest.raises(RuntimeError, match="leaves"):
        pickle.dumps(x * 2)


@pytest.mark.parametrize("name", DTYPES + ["bfloat16", "complex64", "complex128"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pickle(name, protocol):
    x = nr.tensor([[1, 0, 1], [0, 1, 1]], dtype=getattr(nr, name)).T
    y = pickle.loads(pickle.dumps(x, protocol))
    assert y.dtype is x.dtype and y.shape == (3, 2) and y.tolist() == x.tolist()
    assert pickle.loads(pickle.dumps(x.dtype)) is x.dtype


def test_pickle_keeps_what_a_tensor_is():
    x = pickle.loads(pickle.dumps(nr.ones(2, requires_grad=True)))
    assert x.requires_grad and x.is_leaf
    p = pickle.loads(pickle.dumps(nr.nn.Parameter(nr.ones(2), requires_grad=False)))
    assert isinstance(p, nr.nn.Parameter) and not p.requires_grad
    shape = pickle.loads(pickle.dumps(nr.ones(2, 3).shape))
    assert shape == (2, 3) and type(shape) is nr.Size
    assert pickle.loads(pickle.dumps(nr.device("cpu"))) == nr.device("cpu")


def test_new_from_a_tensor():
    x = nr.ones(2, dtype=nr.float64)
    assert_same(x.new_zeros(3), torch.zeros(3, dtype=torch.float64))
    assert_same(x.new_ones((2, 2)), torch.ones((2, 2), dtype=torch.float64))
    assert_same(x.new_full((2,), 3), torch.full((2,), 3, dtype=torch.float64))
    assert_same(x.new_tensor([1, 2]), torch.tensor([1, 2], dtype=torch.float64))
    assert x.new_empty(2, 3).shape == (2, 3)


def test_bad_data():
    for data in ([[1], [1, 2]], [[1, 2], 3], [1, [2]]):
        with pytest.raises(ValueError, match="ragged"):
            nr.tensor(data)
    for data in ("text", None, [None], ["a"], object(), {}, [{}]):
        with pytest.raises((TypeError, ValueError)):
            nr.tensor(data)
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="deep"):
        nr.tensor(endless)
    with pytest.raises((OverflowError, ValueError)):
        nr.tensor([2**80])
    with pytest.raises((ValueError, RuntimeError, IndexError, TypeError)):
        nr.zeros(-1)
    with pytest.raises((ValueError, RuntimeError, MemoryError)):
        nr.zeros(2**40, 2**40)
    with pytest.raises(TypeError, match="unexpected keyword"):
        nr.zeros(2, shape=3)
