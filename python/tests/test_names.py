"""Names of PyTorch beside its operations: constructors, settings, out=, what changes a tensor itself."""

import copy
import warnings

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same

A = np.random.RandomState(0).randn(3, 4)


def test_types_by_their_old_names():
    assert nr.FloatTensor(2, 3).shape == (2, 3) and nr.LongTensor([1, 2]).dtype is nr.int64
    assert nr.FloatTensor().numel() == 0 and nr.FloatTensor(nr.Size((2, 1))).shape == (2, 1)
    assert isinstance(nr.ones(2), nr.FloatTensor) and not isinstance(nr.ones(2), nr.LongTensor)
    assert nr.ones(2).type() == torch.ones(2).type() == "torch.FloatTensor"
    assert nr.ones(2).type("torch.LongTensor").dtype is nr.ones(2).type(nr.LongTensor).dtype is nr.int64
    assert nr.ones(2).type(nr.float16).type() == "torch.HalfTensor"
    assert nr.ones(2).byte().dtype is nr.uint8 and nr.ones(2).char().dtype is nr.int8
    with pytest.raises(ValueError, match="invalid type"):
        nr.ones(2).type("torch.StringTensor")
    with pytest.raises(ValueError, match="no backend"):
        nr.FloatTensor(2, device="cuda")
    assert nr.ones(1, dtype=nr.int32).new([1.5]).dtype is nr.int32 and nr.ones(1).new(2, 3).shape == (2, 3)


def test_a_tensor_of_old_is_of_the_default_dtype():
    # As scripts hand data to models.
    assert nr.Tensor(np.zeros(2)).dtype == nr.float32 and nr.Tensor([1, 2]).dtype == nr.float32
    assert nr.Tensor(2, 3).shape == (2, 3) and nr.Tensor(nr.arange(3)).dtype == nr.float32


def test_default_dtype():
    assert nr.get_default_dtype() is nr.float32
    try:
        nr.set_default_dtype(nr.float64)
        for x in (nr.ones(2), nr.tensor([1.5]), nr.rand(2), nr.arange(0.0, 1.0, 0.5), nr.tensor([1]) / 2, nr.tensor([1]) * 0.5, nr.linspace(0, 1, 3), nr.tensor([1]).sqrt()):
            assert x.dtype is nr.float64
        assert nr.zeros(2, dtype=nr.float32).dtype is nr.float32 and nr.arange(3).dtype is nr.int64
        nr.set_default_tensor_type("torch.FloatTensor")
        assert nr.ones(1).dtype is nr.float32
    finally:
        nr.set_default_dtype(nr.float32)
    with pytest.raises(ValueError, match="must be a floating point one"):
        nr.set_default_dtype(nr.int64)


def test_questions_about_dtypes():
    for a, b in (("int64", "float32"), ("uint8", "int8"), ("float64", "int64"), ("bool", "uint8"), ("int32", "uint8")):
        assert nr.can_cast(getattr(nr, a), getattr(nr, b)) == torch.can_cast(getattr(torch, a), getattr(torch, b)), (a, b)
    assert nr.result_type(nr.ones(2, dtype=nr.int32), 1.5) is nr.float32
    assert nr.result_type(nr.ones(2, dtype=nr.int32), nr.ones((), dtype=nr.int64)) is nr.int32
    assert nr.broadcast_shapes((2, 1), (3,)) == (2, 3) and nr.broadcast_shapes() == ()
    assert nr.ones(1).is_signed() and not nr.ones(1, dtype=nr.uint8).is_signed()
    assert nr.is_nonzero(nr.tensor(2)) and nr.typename(nr.ones(1)) == "torch.FloatTensor"


def test_queries_answer_truly():
    assert not nr.cuda.is_available() and nr.cuda.device_count() == 0
    assert not nr.backends.cudnn.is_available() and not nr.backends.mps.is_available() and not nr.backends.cuda.is_built()
    x = nr.ones(2)
    assert x.is_cpu and not x.is_cuda and not x.is_sparse and x.get_device() == -1 and not x.is_pinned()
    assert x.share_memory_() is x and not x.is_shared() and x.pin_memory() is x
    with pytest.raises(ValueError, match="no backend for device 'cuda'"):
        x.cuda()


def test_random_state():
    nr.manual_seed(3)
    state = nr.get_rng_state()
    first = nr.rand(5)
    nr.set_rng_state(state)
    assert nr.rand(5).tolist() == first.tolist()
    generator = nr.Generator().manual_seed(1)
    a = nr.empty(3).uniform_(generator=generator)
    assert a.tolist() == nr.empty(3).uniform_(generator=nr.Generator().manual_seed(1)).tolist()


def test_distributions():
    nr.manual_seed(0)
    n = 200_000
    x = nr.empty(n, dtype=nr.float64)
    assert abs(x.exponential_(2.0).mean().item() - 0.5) < 0.01
    assert abs(x.geometric_(0.25).mean().item() - 4) < 0.05 and x.min().item() == 1
    assert abs(x.cauchy_(1.0, 2.0).median().item() - 1) < 0.05
    assert abs(x.log_normal_(0.5, 0.25).log().mean().item() - 0.5) < 0.01
    for mean in (0.5, 4.0, 30.0, 500.0):
        draws = nr.poisson(nr.full((n,), mean, dtype=nr.float64))
        assert abs(draws.mean().item() - mean) < 5 * (mean / n) ** 0.5
        assert abs(draws.var().item() / mean - 1) < 0.03
    weights = nr.tensor([0.0, 1.0, 3.0])
    drawn = nr.multinomial(weights, n, replacement=True)
    assert drawn.min().item() == 1 and abs((drawn == 2).double().mean().item() - 0.75) < 0.01
    firsts = nr.multinomial(weights.expand(20000, 3), 2)[:, 0]
    assert abs((firsts == 2).double().mean().item() - 0.75) < 0.02
    assert sorted(nr.multinomial(nr.ones(5), 5).tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="fewer than 3 elements that are not 0"):
        nr.multinomial(weights, 3)
    assert abs(nr.normal(nr.full((n,), 2.0), 3.0).std().item() - 3) < 0.05
    assert nr.randint_like(nr.ones(1000), 3, 5).unique().tolist() == [3, 4]
    soft = nr.nn.functional.gumbel_softmax(nr.zeros(100, 3), hard=True)
    assert soft.sum(1).tolist() == [1.0] * 100
    dropped = nr.nn.functional.dropout2d(nr.ones(50, 40, 2, 2))
    assert set(dropped.sum((2, 3)).flatten().tolist()) == {0.0, 8.0}
    y = nr.nn.functional.alpha_dropout(nr.randn(n), 0.3, True)
    assert abs(y.mean().item()) < 0.02 and abs(y.std().item() - 1) < 0.02
    slopes = -nr.nn.functional.rrelu(-nr.ones(n), training=True)
    assert slopes.min().item() >= 0.125 and slopes.max().item() <= 1 / 3


def test_factories():
    for f in (
        lambda l: l.logspace(0, 2, 5),
        lambda l: l.logspace(1, 3, 3, base=2.0, dtype=l.float64),
        lambda l: l.tril_indices(4, 3, -1),
        lambda l: l.triu_indices(3, 4, 1),
        lambda l: l.scalar_tensor(2.5),
        lambda l: l.ones(2, 3).new_zeros(2, dtype=l.int64),
    ):
        assert_same(f(nr), f(torch))
    assert nr.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert nr.zeros_like(nr.ones(2, 3), memory_format=nr.preserve_format).shape == (2, 3)
    assert nr.frombuffer(bytearray(np.arange(4, dtype=np.float32).tobytes()), dtype=nr.float32, offset=4).tolist() == [1, 2, 3]
    assert nr.frombuffer(b"\x01\x02", dtype=nr.uint8, count=1).tolist() == [1]
    with pytest.raises(ValueError, match="frombuffer"):
        nr.frombuffer(b"\x01\x02\x03", dtype=nr.int16)


def test_results_go_where_out_says():
    x, out = nr.tensor(A), nr.empty(3, 4, dtype=nr.float64)
    address = out.data_ptr()
    assert nr.exp(x, out=out) is out and out.data_ptr() == address
    assert_same(out, torch.tensor(A).exp())
    assert_same(nr.matmul(x, x.T, out=nr.empty(0, dtype=nr.float64)), torch.tensor(A @ A.T))
    values, indices = nr.empty(0, dtype=nr.float64), nr.empty(0, dtype=nr.int64)
    result = nr.sort(x, dim=1, out=(values, indices))
    assert result[0] is values and result.indices is indices
    assert_same(values, torch.tensor(A).sort(1).values)
    with pytest.warns(UserWarning, match="was resized since it had shape"):
        nr.add(x, x, out=nr.empty(2, dtype=nr.float64))
    with pytest.raises(ValueError, match="cannot be written into out"):
        nr.exp(x, out=nr.empty(3, 4, dtype=nr.int64))
    with pytest.raises(RuntimeError, match="requires a gradient"):
        nr.exp(nr.ones(2, requires_grad=True), out=nr.empty(2))
    with pytest.raises(TypeError, match="argument 'out' must be Tensor"):
        nr.exp(x, out=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        nr.equal(x, x, out=out)
    view = nr.zeros(2, 3, 4, dtype=nr.float64)
    nr.neg(x, out=view[1])
    assert_same(view[1], torch.tensor(-A))


def test_functions_that_change_their_argument():
    x = nr.tensor([-1.0, 4.0])
    assert nr.abs_(x) is x and x.tolist() == [1.0, 4.0]
    assert nr.sqrt_(x).tolist() == [1.0, 2.0]
    y = nr.tensor(A)
    assert y.cumsum_(1) is y
    assert_same(y, torch.tensor(A).cumsum(1))
    assert_same(nr.tensor(A).tril_(), torch.tensor(A).tril())
    for wrap in (False, True):
        assert_same(nr.zeros(7, 3).fill_diagonal_(2.0, wrap), torch.zeros(7, 3).fill_diagonal_(2.0, wrap))
    assert nr.tensor([1.0, 2.0]).apply_(lambda v: v + 1).tolist() == [2.0, 3.0]
    assert nr.tensor([1.0, 2.0]).map_(nr.tensor([10.0, 20.0]), lambda a, b: a + b).tolist() == [11.0, 22.0]


def test_a_tensor_becomes_a_view_of_itself():
    for f in (
        lambda x: x.t_(),
        lambda x: x.transpose_(0, 1),
        lambda x: x.swapaxes_(0, 1),
        lambda x: x.unsqueeze_(1).squeeze_(1),
        lambda x: x.as_strided_((2, 2), (1, 2), 1),
        lambda x: x.resize_(2, 3),
        lambda x: x.resize_(2, 6),
    ):
        x, y = nr.tensor(A), torch.tensor(A)
        same = f(x)
        assert same is x
        f(y)
        assert_same(x, y)
    x = nr.ones(2, 2)
    assert x.resize_(20).shape == (20,) and x[:4].tolist() == [1.0] * 4
    y = nr.zeros(3)
    assert y.set_(x) is y and y.is_set_to(x) and y.resize_as_(nr.ones(2)).shape == (2,)
    z = (nr.ones(2, requires_grad=True) * 2).detach_()
    assert not z.requires_grad and z.is_leaf
    with pytest.raises(RuntimeError, match="cannot become another tensor"):
        nr.ones(2, 3, requires_grad=True).t_()


def test_memory_formats():
    x, y = nr.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    for convert in (lambda l, t: t.contiguous(memory_format=l.channels_last), lambda l, t: t.to(memory_format=l.channels_last)):
        a, b = convert(nr, x), convert(torch, y)
        assert a.stride() == b.stride() and a.tolist() == x.tolist()
        assert a.is_contiguous(memory_format=nr.channels_last) and not a.is_contiguous()
    assert x.contiguous() is not None and x.is_contiguous(memory_format=nr.contiguous_format)
    assert copy.copy(nr.channels_last).__reduce__() == "channels_last" and repr(nr.preserve_format) == "neura.preserve_format"
    with pytest.raises(ValueError, match="channels_last is a format of 4 dimensions"):
        nr.ones(2, 3).contiguous(memory_format=nr.channels_last)


def test_storage():
    x = nr.arange(6.0).reshape(2, 3)
    storage = x[1].storage()
    assert storage.tolist() == [0.0, 1, 2, 3, 4, 5] and len(storage) == 6 and storage[4] == 4.0
    storage[0] = 9.0
    assert x[0, 0].item() == 9.0 and nr.is_storage(storage)
    assert x.untyped_storage().nbytes() == 24 and x.untyped_storage().data_ptr() == x.data_ptr()


def test_numpys_numbers_before_a_tensor():
    for number in (np.float64(2), np.float32(2), np.int64(2)):
        for result in (number * nr.ones(2), number + nr.ones(2), number - nr.ones(2)):
            assert isinstance(result, nr.Tensor)


def test_devices_and_other_spellings():
    with nr.device("cpu"):
        assert nr.ones(1).device == nr.device("cpu")
    nr.set_default_device("cpu")
    assert nr.get_default_device() == nr.device("cpu")
    x = nr.ones(2)
    assert x.to("cpu", nr.float64, non_blocking=True).dtype is nr.float64
    assert x.to(nr.float16, True).dtype is nr.float16 and x.to(device="cpu", dtype=nr.int32).dtype is nr.int32
    assert [t.tolist() for t in nr.arange(4).hsplit(2)] == [[0, 1], [2, 3]]
    assert nr.vsplit(nr.ones(4, 2), 2)[0].shape == (2, 2) and nr.dsplit(nr.ones(1, 1, 4), 2)[1].shape == (1, 1, 2)


def test_errors_speak_python():
    with pytest.raises(RuntimeError, match=r"with no_grad\(\):"):
        nr.ones(2, requires_grad=True).add_(1)
    with pytest.raises(ValueError, match=r"; clone\(\) it"):
        nr.ones(1).expand(3).add_(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nr.exp(nr.ones(2), out=nr.empty(2))


def test_summary():
    summary = nr.TensorSummary(nr.tensor([[1.0, 3.0], [nr.nan, -nr.inf]]))
    assert repr(summary) == "float32 [2, 2] on cpu: min 1, max 3, mean 2, std 1.41421, 1 NaN, 1 inf"
    assert summary.shape == (2, 2) and summary.dtype is nr.float32 and summary.nan_count == summary.inf_count == 1


def test_numbers_beyond_64_bits_are_named():
    for call in (lambda: nr.ones(2) + 2**64, lambda: nr.tensor(2**70), lambda: nr.zeros(2**64)):
        with pytest.raises(OverflowError, match="does not fit into 64 bits"):
            call()


def test_numbers_that_uint64_alone_holds():
    assert (nr.ones(2, dtype=nr.uint64) + (2**63 - 1)).tolist() == [2**63] * 2
    for numbers in ([0, 2**63], [2**64 - 1, 1]):
        assert nr.tensor(numbers).dtype == nr.uint64 and nr.tensor(numbers).tolist() == numbers
        assert nr.tensor(numbers, dtype=nr.uint64).tolist() == numbers
    assert nr.tensor([0.5, 2**63]).tolist() == [0.5, 2.0**63]
    with pytest.raises(ValueError, match="-1 is outside of what uint64 holds"):
        nr.tensor([-1, 2**63])
    with pytest.raises(ValueError, match="9223372036854775808 is outside of what int64"):
        nr.ones(2, dtype=nr.int64) + 2**63


def test_casts():
    image = nr.ones(1, 2, 3, 3).contiguous(memory_format=nr.channels_last)
    for name in ("byte", "char", "short", "int", "long", "bool", "half", "bfloat16", "float", "double", "cfloat", "cdouble"):
        cast = getattr(image, name)
        assert cast().dtype == getattr(nr, {"byte": "uint8", "char": "int8", "short": "int16"}.get(name, name))
        assert cast(memory_format=nr.contiguous_format).is_contiguous()
    with pytest.raises(TypeError, match="memory_format"):
        image.float(memory_format=3)


def test_conjugates_are_computed_at_once():
    z = nr.tensor([1 + 2j]).conj()
    assert z.tolist() == [1 - 2j]
    assert not z.is_conj() and not nr.is_neg(-z)


def test_data_of_another_shape():
    x = nr.ones(2)
    x.data = nr.zeros(3)
    assert x.tolist() == [0.0] * 3
    with pytest.raises(ValueError, match="cannot be"):
        nr.ones(2, requires_grad=True).data = nr.ones(3)


def test_activations_in_place():
    x = nr.tensor([-1.0, 2.0])
    assert nr.nn.functional.relu_(x) is x and x.tolist() == [0.0, 2.0]
    assert nr.nn.functional.threshold_(x, 1.0, -3.0).tolist() == [-3.0, 2.0]
    assert_same(nr.nn.functional.elu_(nr.tensor(A), 0.5), torch.nn.functional.elu_(torch.tensor(A), 0.5))
