"""Numbers at the edges of dtypes, infinities, and what the extension says of arguments that do not fit."""

import math

import neura as nr
import numpy as np
import pytest
import torch
from neura import _C

F = nr.nn.functional
INT_DTYPES = ("uint8", "int8", "int16", "int32", "int64")


# ---- numbers that an integer dtype cannot hold --------------------------------------------------


def writers(dtype):
    """Ways to put a number into a tensor of a dtype."""
    zeros = lambda: nr.zeros(3, dtype=dtype)  # noqa: E731
    mask = nr.tensor([True, False, True])

    def set_item(value):
        x = zeros()
        x[0] = value

    return {
        "tensor": lambda v: nr.tensor([v], dtype=dtype),
        "full": lambda v: nr.full((2,), v, dtype=dtype),
        "full_like": lambda v: nr.full_like(zeros(), v),
        "new_full": lambda v: zeros().new_full((2,), v),
        "new_tensor": lambda v: zeros().new_tensor([v]),
        "fill_": lambda v: zeros().fill_(v),
        "x[0] =": set_item,
        "masked_fill": lambda v: zeros().masked_fill(mask, v),
        "masked_fill_": lambda v: zeros().masked_fill_(mask, v),
        "scatter": lambda v: zeros().scatter(0, nr.tensor([1]), v),
        "scatter_": lambda v: zeros().scatter_(0, nr.tensor([1]), value=v),
        "pad": lambda v: F.pad(zeros(), (1, 1), value=v),
    }


@pytest.mark.parametrize("name", writers(nr.uint8))
@pytest.mark.parametrize("dtype", INT_DTYPES)
def test_numbers_that_do_not_fit(dtype, name):
    last = np.iinfo(dtype).max
    first = np.iinfo(dtype).min
    write = writers(getattr(nr, dtype))[name]
    if dtype != "int64":  # beyond it, Python's own OverflowError
        for value in (last + 1, first - 1):
            with pytest.raises(ValueError, match=dtype):
                write(value)
    for value in (math.nan, math.inf, -math.inf, 1e30):
        with pytest.raises(ValueError, match=dtype):
            write(value)
    for value in (last, first, 2.9):
        write(value)


def test_randint_within_the_dtype():
    with pytest.raises(ValueError, match="uint8"):
        nr.randint(298, 300, (2,), dtype=nr.uint8)
    with pytest.raises(ValueError, match="uint8"):
        nr.zeros(2, dtype=nr.uint8).random_(298, 300)
    for dtype, low, high in (("int8", 0, 127), ("uint8", 0, 255), ("bool", 0, 1), ("float16", 0, 2047)):
        drawn = nr.zeros(2000, dtype=getattr(nr, dtype)).random_().double()
        assert low <= drawn.min().item() and drawn.max().item() <= high, dtype


def test_comparisons_with_integers_outside_the_dtype():
    for dtype, value in (("uint8", 257), ("uint8", 256), ("uint8", -1), ("int32", 2**32 + 1), ("int32", -(2**40))):
        x = nr.tensor([0, 1, 2], dtype=getattr(nr, dtype))
        array = np.array([0, 1, 2], "int64")
        for name, function in {
            "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal
        }.items():  # fmt: skip
            expected = function(array, value).tolist()
            assert getattr(nr, name)(x, value).tolist() == expected
            assert getattr(x, name)(value).tolist() == expected
            assert getattr(x, f"__{name}__")(value).tolist() == expected
            assert getattr(x[1], name)(value).tolist() == expected[1]
        assert value not in x
    for function in (nr.maximum, nr.minimum):
        for value in (300, -200):
            with pytest.raises(ValueError, match="outside"):
                function(nr.tensor(7, dtype=nr.uint8), value)
    assert (nr.tensor([150], dtype=nr.uint8) / 300).item() == 0.5
    assert (nr.tensor([1], dtype=nr.uint8) + 300).item() == 45  # sums wrap
    with pytest.raises(ValueError, match="negative powers"):
        nr.tensor([2], dtype=nr.int32) ** -1
    with pytest.raises(ValueError, match="negative powers"):
        nr.tensor([2]).pow_(-1)
    assert (nr.tensor([True]) ** 2).dtype == nr.int64


def test_integers_that_no_double_holds():
    big = 2**53 + 1
    x = nr.tensor([big])
    assert x.clamp(max=big).item() == x.clamp(min=big).item() == big
    assert nr.zeros(1, dtype=nr.int64).clamp_(min=big).item() == big
    assert x.clamp_min(big).item() == x.clamp_max(big).item() == big
    assert x.clamp(min=nr.tensor([big])).item() == big
    assert F.pad(x, (1, 0), value=big).tolist() == [big, big]
    assert nr.where(nr.tensor([False]), x, big).item() == big
    assert x.masked_fill(nr.tensor([False]), 0.0).tolist() == [big]
    assert nr.tensor([2**24 + 1]).masked_fill(nr.tensor([False]), 0.0).dtype == nr.int64
    assert nr.tensor([big, 1]).scatter(0, nr.tensor([1]), 7.0).tolist() == [big, 7]
    assert F.hardtanh(x, 0, big).item() == big
    assert F.hardtanh(nr.tensor([-3, 3])).tolist() == [-1, 1]
    assert nr.tensor([True, True]).masked_fill(nr.tensor([True, False]), 0).tolist() == [False, True]


# ---- infinities and NaN ------------------------------------------------------------------------


def test_isclose():
    cases = [
        (np.array([1.0, np.inf, -np.inf, np.inf, np.nan]), np.array([np.inf, 1.0, np.inf, np.inf, np.nan]), {}),
        (np.array([1.0, 2.0]), np.array([1.0 + 1e-9, 2.1]), {}),
        (np.array([np.nan]), np.array([np.nan]), {"equal_nan": True}),
    ]
    for dtype in ("float32", "float64"):
        for a, b, kwargs in cases:
            ours = nr.isclose(nr.tensor(a.astype(dtype)), nr.tensor(b.astype(dtype)), **kwargs)
            assert ours.tolist() == np.isclose(a.astype(dtype), b.astype(dtype), **kwargs).tolist()
            assert nr.allclose(nr.tensor(a), nr.tensor(b), **kwargs) == np.allclose(a, b, **kwargs)
    u8 = lambda *v: nr.tensor(v, dtype=nr.uint8)  # noqa: E731
    assert nr.isclose(u8(1), u8(2), atol=1).tolist() == [True]
    assert u8(2).isclose(u8(1), atol=1).tolist() == [True]
    low = nr.tensor([-(2**31)], dtype=nr.int32)
    assert not nr.allclose(low, nr.tensor([0], dtype=nr.int32)) and not nr.tensor([0], dtype=nr.int32).allclose(low)
    assert nr.isclose(nr.tensor([True, False]), nr.tensor([True, True])).tolist() == [True, False]


def test_clamp_bounds():
    assert all(math.isnan(v) for v in nr.tensor([1.0, 5.0]).clamp(math.nan, None).tolist())
    assert all(math.isnan(v) for v in nr.tensor([1.0, 5.0]).clamp(max=math.nan).tolist())
    y = nr.tensor([1, 5], dtype=nr.int32).clamp(max=2.5)
    assert y.tolist() == [1.0, 2.5] and y.dtype == nr.float32
    assert nr.tensor([True]).clamp(0, 1).dtype == nr.int64
    bytes_ = nr.tensor([3, 200], dtype=nr.uint8)
    low = nr.tensor([5, 5], dtype=nr.uint8)
    assert bytes_.clamp(min=low, max=300).tolist() == [5, 200]
    assert bytes_.clamp(min=-7, max=low).tolist() == [3, 5]
    assert bytes_.clamp(min=300, max=low).tolist() == [5, 5]
    wide = bytes_.clamp(min=nr.tensor([280, 280]), max=300)
    assert wide.dtype == nr.int64 and wide.tolist() == [280, 280]
    assert bytes_.clamp(min=nr.tensor([280.5, 0.5]), max=300).tolist() == [280.5, 200.0]


def test_uniform_numbers_stay_below_the_end():
    nr.manual_seed(0)
    for dtype in (nr.float16, nr.bfloat16, nr.float32, nr.float64):
        assert nr.rand(100_000, dtype=dtype).double().max().item() < 1
        assert nr.empty(100_000, dtype=dtype).uniform_(1, 2).double().max().item() < 2


def test_binary_cross_entropy_of_what_is_no_probability():
    for value in (1.5, -0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="between 0 and 1"):
            F.binary_cross_entropy(nr.tensor([value]), nr.tensor([1.0]))


def test_reductions_of_nothing():
    assert nr.zeros(0).logsumexp(0).item() == -math.inf
    assert nr.zeros(2, 0).logsumexp(1).tolist() == [-math.inf] * 2
    with pytest.raises(ValueError, match="^norm"):
        nr.zeros(0).norm(math.inf)


def test_dropout_of_infinities():
    nr.manual_seed(0)
    for layer in (F.dropout, nr.nn.Dropout(0.5)):
        assert set(layer(nr.full((200,), math.inf)).tolist()) == {0.0, math.inf}


def test_scatter_of_truth_values():
    x = nr.zeros(3, dtype=nr.bool)
    assert x.scatter(0, nr.tensor([2]), nr.tensor([True])).tolist() == [False, False, True]
    assert x.scatter_add(0, nr.tensor([1, 1]), nr.tensor([True, True])).tolist() == [False, True, False]
    assert x.index_add(0, nr.tensor([0]), nr.tensor([True])).tolist() == [True, False, False]


# ---- gradients at corners, beside PyTorch ------------------------------------------------------

CORNERS = {
    "std": (lambda l, x: x.std(), [2.0, 2.0, 2.0]),
    "std biased": (lambda l, x: x.std(unbiased=False), [2.0, 2.0, 2.0]),
    "hardtanh": (lambda l, x: l.nn.functional.hardtanh(x), [-2.0, -1.0, 0.0, 1.0, 2.0]),
    "relu6": (lambda l, x: l.nn.functional.relu6(x), [-1.0, 0.0, 3.0, 6.0, 7.0]),
    "clamp": (lambda l, x: x.clamp(-1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0]),
    "norm 0.5": (lambda l, x: x.norm(0.5), [0.0, 4.0]),
    "maximum": (lambda l, x: l.maximum(x, l.tensor([1.0, 2.0, float("nan")])), [float("nan"), 2.0, 1.0]),
    "minimum": (lambda l, x: l.minimum(x, l.tensor([1.0, 2.0, float("nan")])), [float("nan"), 2.0, 1.0]),
    "sign": (lambda l, x: l.sign(x), [-1.0, 0.0, 2.0]),
    "floor": (lambda l, x: l.floor(x), [-1.5, 0.0]),
    "ceil": (lambda l, x: x.ceil(), [-1.5, 0.0]),
    "round": (lambda l, x: x.round(), [-1.5, 0.0]),
    "trunc": (lambda l, x: x.trunc(), [-1.5, 0.0]),
    "softplus": (lambda l, x: l.nn.functional.softplus(x, beta=3, threshold=0.2), [-1.0, 0.0, 0.05, 0.1, 1.0]),
    "rpow": (lambda l, x: 3**x, [-1.0, 0.0, 2.0]),
    "rpow of 0": (lambda l, x: 0**x, [0.0, 2.0]),
}


@pytest.mark.parametrize("name", CORNERS)
def test_gradients_at_corners(name):
    function, values = CORNERS[name]
    results = []
    for library in (nr, torch):
        x = library.tensor(values, requires_grad=True)
        y = function(library, x)
        y.sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


BOUNDS = {
    "clamp": lambda x, b: x.clamp(b, b + 1),
    "clamp(min)": lambda x, b: x.clamp(min=b),
    "clamp(max)": lambda x, b: x.clamp(max=b),
    "clamp_min": lambda x, b: x.clamp_min(b),
    "clamp_max": lambda x, b: x.clamp_max(b),
    "masked_fill": lambda x, b: x.masked_fill(x > 1, b.reshape(-1)[0]),
}


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("bound", [2.0, [2.0, 2.0, 2.0, 2.0], [[0.0], [2.5]]])
def test_gradients_of_bounds_and_values(name, bound):
    results = []
    for library in (nr, torch):
        x = library.tensor([1.0, 2.0, 2.5, 4.0], requires_grad=True)
        b = library.tensor(bound, requires_grad=True)
        y = BOUNDS[name](x, b)
        y.sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy(), b.grad.numpy()))
    for ours, theirs in zip(*results):
        np.testing.assert_array_equal(ours, theirs)


# ---- dtypes that meet, beside PyTorch ----------------------------------------------------------

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
MEETINGS = {
    **{n: (lambda n: lambda l, x, y: getattr(x, n)(y))(n) for n in """
        add_ sub_ mul_ div_ floor_divide_ remainder_ pow_ atan2_ eq_ ne_ lt_ le_ gt_ ge_ logical_and_
        logical_or_ logical_xor_ clamp_min clamp_max clamp clamp_ eq ne lt le gt ge logical_and logical_or
        logical_xor isclose add sub mul div floor_divide remainder pow atan2 maximum minimum""".split()},
    "logical_not_": lambda l, x, y: x.logical_not_(),
    "clamp(min)": lambda l, x, y: x.clamp(min=y),
    "clamp(max)": lambda l, x, y: x.clamp(max=y),
    "eq_ a number": lambda l, x, y: x.eq_(1),
    "lt_ a fraction": lambda l, x, y: x.lt_(1.5),
    "clamp to a fraction": lambda l, x, y: x.clamp(1.5),
    "where": lambda l, x, y: l.where(x > 1, x, y),
    "masked_fill": lambda l, x, y: x.masked_fill(x > 1, y[0, 1]),
    "masked_fill a number": lambda l, x, y: x.masked_fill(x > 1, 1.5),
    "gather": lambda l, x, y: x.gather(0, y % 2),
    "index_select": lambda l, x, y: x.index_select(0, y[0]),
    "index_add": lambda l, x, y: x.index_add(0, l.tensor([0, 1]), y),
    "scatter_add": lambda l, x, y: x.scatter_add(0, l.tensor([[0, 1]]), y),
    "scatter": lambda l, x, y: x.scatter(0, l.tensor([[0, 1]]), y),
    "addcmul": lambda l, x, y: l.addcmul(x, y, y),
    "sign": lambda l, x, y: x.sign(),
    "square": lambda l, x, y: x**2,
    "max": lambda l, x, y: l.max(x, y),
    "min": lambda l, x, y: x.min(y[0, 0]),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MEETINGS)
def test_dtypes_that_meet(name):
    met = 0
    for a in DTYPES:
        for b in DTYPES:
            arrays = [np.array([[0, 1], [2, 3]]).astype(d) for d in (a, b)]
            try:
                theirs = MEETINGS[name](torch, *(torch.from_numpy(x.copy()) for x in arrays)).numpy()
            except (RuntimeError, IndexError):
                continue
            if name in ("floor_divide", "floor_divide_", "remainder", "remainder_") and not theirs.dtype.kind == "f":
                continue  # division by zero
            ours = MEETINGS[name](nr, *(nr.tensor(x) for x in arrays)).numpy()
            assert ours.dtype == theirs.dtype, (a, b)
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=f"{a}, {b}")
            met += 1
    assert met or name.startswith(("floor_divide", "remainder"))


def test_max_beside_a_tensor_is_elementwise():
    x = nr.tensor([[1.0, 5.0], [3.0, 0.0]])
    for other in (nr.tensor(3.0), nr.tensor(0), nr.tensor([2.0, 4.0])):
        assert nr.max(x, other).tolist() == x.max(other).tolist() == nr.maximum(x, other).tolist()
        assert nr.min(x, other).tolist() == x.min(other).tolist() == nr.minimum(x, other).tolist()
    assert nr.max(x, 0).values.tolist() == [3.0, 5.0]


def test_softplus_and_nonzero():
    x = np.linspace(-2, 2, 21).astype("float32")
    for beta, threshold in ((3, 0.2), (1, 20), (2, 20), (0.5, 1)):
        ours = F.softplus(nr.tensor(x), beta, threshold)
        theirs = torch.nn.functional.softplus(torch.tensor(x), beta, threshold)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
    for value in (5, 0):
        ours, theirs = (l.tensor(value).nonzero(as_tuple=True) for l in (nr, torch))
        assert len(ours) == len(theirs) == 1 and ours[0].tolist() == theirs[0].tolist()
        assert nr.tensor(value).nonzero().shape == torch.tensor(value).nonzero().shape


# ---- sizes -------------------------------------------------------------------------------------


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match="repeat.*negative"):
        nr.ones(1).repeat(-1)
    with pytest.raises(ValueError, match="repeat.*negative"):
        nr.ones(2, 1).repeat(2, 2, -1)
    with pytest.raises(MemoryError):
        nr.ones(1).repeat(2**40, 2**40)
    with pytest.raises(ValueError):
        nr.ones(1).expand(-2)
    huge = nr.ones(1).expand(2**62)
    for function in (nr.cat, nr.stack, nr.hstack):
        with pytest.raises((ValueError, MemoryError), match="64 bits"):
            function([huge, huge])
    with pytest.raises(ValueError, match="away"):
        nr.arange(5, 2, 10)
    with pytest.raises(ValueError, match="away"):
        nr.arange(0, 1, -2)
    assert nr.arange(3, 3, -1).shape == (0,)


def test_at_most_64_dimensions():
    nested = 1.0
    for _ in range(65):
        nested = [nested]
    ways = {
        "zeros": lambda s: nr.zeros(s),
        "rand": lambda s: nr.rand(s),
        "full": lambda s: nr.full(s, 1),
        "reshape": lambda s: nr.ones(1).reshape(s),
        "view": lambda s: nr.ones(1).view(s),
        "expand": lambda s: nr.ones(1).expand(s),
        "repeat": lambda s: nr.ones(1).repeat(s),
        "as_strided": lambda s: nr.ones(1).as_strided(s, s),
        "broadcast_to": lambda s: nr.broadcast_to(nr.ones(1), s),
    }
    for name, make in ways.items():
        for count in (65, 100_000):
            with pytest.raises(ValueError, match="at most 64 dimensions"):
                make([1] * count)
    for make in (lambda: nr.tensor(nested), lambda: nr.ones([1] * 64).unsqueeze(0), lambda: nr.ones([1] * 64)[None]):
        with pytest.raises(ValueError, match="64"):
            make()
    assert (nr.ones([1] * 64) + 1).item() == 2


def test_writing_over_shared_elements():
    x = nr.zeros(16)
    for view in (x.as_strided((4, 13), (1, 1)), x.unfold(0, 3, 1), x[:1].expand(4)):
        for write in (lambda v: v.add_(1), lambda v: v.fill_(1), lambda v: v.zero_(), lambda v: v.uniform_()):
            with pytest.raises(ValueError, match="share memory"):
                write(view)
        with pytest.raises(ValueError, match="share memory"):
            view[...] = 1
    assert not x.any()
    x.unfold(0, 2, 2).add_(1)
    assert x.tolist() == [1.0] * 16
    y = nr.arange(6.0)
    y[1:].add_(y[:-1])
    assert y.tolist() == [0, 1, 3, 5, 7, 9]
    array = np.arange(4.0)
    nr.from_numpy(array)[1:].add_(nr.from_numpy(array)[:-1])
    assert array.tolist() == [0, 1, 3, 5]


# ---- arguments that do not convert -------------------------------------------------------------

PLAUSIBLE = {
    "Tensor": nr.ones(2, 2),
    "Tensor | Number": nr.ones(2, 2),
    "Sequence[Tensor]": [nr.ones(2, 2)],
    "int": 1,
    "float": 0.5,
    "Number": 1,
    "str": "mean",
    "bool": False,
    "IntOrInts": (1,),
    "IntOrSizes": 1,
    "dtype": nr.float32,
    "DeviceLike": "cpu",
    "Any": None,
}


def test_arguments_that_do_not_convert_are_named():
    checked = 0
    for scope, name, parameters, _, _ in _C._bound_functions():
        place = {"": _C, "nn.functional": _C.functional, "nn.init": _C.nn_init}.get(scope)
        if place is None or name in ("manual_seed", "seed"):
            continue
        for bad, kind, *_ in parameters:
            if kind == "Any":
                continue
            given = {n: None if k.endswith("None") else PLAUSIBLE[k] for n, k, *_ in parameters if k in PLAUSIBLE or k.endswith("None")}
            given[bad] = object()
            with pytest.raises(TypeError, match=rf"argument '{bad}' must be .*, not object"):
                getattr(place, name)(**given)
            checked += 1
    assert checked > 400


def test_generators_that_are_none():
    for call in (nr.rand, nr.randn, lambda n, generator: nr.randint(3, (n,), generator=generator), lambda n, generator: nr.normal(0, 1, (n,), generator=generator), nr.randperm):
        with pytest.raises(TypeError, match="'generator' must be Generator | None, not int"):
            call(3, generator=7)
        assert call(3, generator=nr.Generator()).shape == (3,)
    with pytest.raises(TypeError, match="'n' must be int, not str"):
        nr.randperm("a")
    with pytest.raises(TypeError, match="'seed' must be int, not str"):
        nr.manual_seed("a")


def test_seeds_have_64_bits():
    assert nr.manual_seed(-1).initial_seed() == nr.manual_seed(2**64 - 1).initial_seed()
    for seed in (2**64, -(2**63) - 1, 2**70):
        with pytest.raises(ValueError, match="seed"):
            nr.manual_seed(seed)


def test_counts_of_threads_are_quoted_as_given():
    with pytest.raises(ValueError, match="got -3"):
        nr.set_num_threads(-3)
