"""Runs PyTorch's own sample inputs of every operator through Neura: values, dtypes and gradients of each sample.

usage: op_db.py [-v] [NAME...]

Prints, for each operator that does not agree, its first difference, and how many do. Operators in EXCEPTIONS differ for a
reason, which is printed instead. Of those in LEFT_OUT all is compared but what stands there, which -v prints. Ends with an
error where a sample ends in a crash.
"""

import argparse
import collections
import functools
import math
import os
import signal
import sys
import types
import unittest
import warnings

import numpy as np

# PyTorch's tests import it; the samples do not use it.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase, ACCEPT=False))

import torch  # noqa: E402
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

import neura as nr  # noqa: E402

DTYPES = (torch.float64, torch.complex128, torch.int64, torch.float32, torch.bool)
SECONDS = 60  # for the samples of one operator

# Results are drawn at random, or memory that nobody has written: shapes and dtypes are compared.
UNDETERMINED = {
    "bernoulli", "cauchy", "empty", "empty_like", "empty_strided", "exponential", "geometric", "log_normal", "multinomial",
    "native_dropout_backward", "new_empty", "new_empty_strided", "nn.functional.alpha_dropout", "nn.functional.dropout",
    "nn.functional.dropout2d", "nn.functional.dropout3d", "nn.functional.feature_alpha_dropout", "nn.functional.rrelu",
    "nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool3d", "normal", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "uniform", "normal_", "nn.functional.feature_alpha_dropout",
}  # fmt: skip

# Factors that are determined but for signs, phases or their order: what they multiply to is compared elsewhere.
PHASES = {"linalg.eig", "linalg.eigvals", "linalg.eigh", "linalg.svd", "svd", "svd_lowrank", "pca_lowrank", "linalg.qr", "qr", "symeig"}

# Functions of hermitian matrices, of which the hermitian part of a gradient counts.
HERMITIAN = {"cholesky", "linalg.cholesky", "linalg.cholesky_ex"}
# Functions of a triangle, the last tensor: PyTorch gives a gradient to the other one, too.
TRIANGLES = {"cholesky_inverse", "cholesky_solve"}

# Dtypes that are left out, each with its reason.
WITHOUT_DTYPE = {
    **dict.fromkeys(
        ("dot", "matmul", "vdot", "__rmatmul__", "linalg.vecdot"),
        (torch.complex128, "inner products of vectors are wrong in Debian's PyTorch"),
    ),
    "native_layer_norm": (torch.float32, "PyTorch adds two numbers that cancel out in rows of one element"),
    **dict.fromkeys(("polygamma", "special.polygamma"), (torch.int64, "PyTorch's trigamma is finite at its poles")),
    "linspace": (torch.int64, "PyTorch 1.13 counts from every fourth number that it has cut off"),
    "masked.mean": (torch.bool, "PyTorch's sum is a truth before it is divided"),
}

# PyTorch 1.13 is wrong from the seventh digit on.
ROUGHLY = {"special.bessel_j0", "special.bessel_j1", "special.bessel_y1"}

# Values are compared, and gradients not.
WITHOUT_GRADIENT = {
    "as_strided_scatter": "elements for one place, and the gradient, which PyTorch 1.13 reads from memory that nobody has written",
    "sgn": "the gradient, which PyTorch 1.13 leaves as the memory was for real numbers",
    "__rpow__": "the gradient of the base, which PyTorch takes for a constant",
    "linalg.det/singular": "the gradient, which is wrong in PyTorch for a batch of singular matrices",
    "linalg.lstsq": "the gradient of residuals, which PyTorch 1.13 does not have as later ones do",
}

# PyTorch does not say which of equal elements an index names: those that both name are compared. By each name, which
# argument is the dimension.
INDEXING = {"sort": 0, "argsort": 0, "topk": 1, "kthvalue": 1, "mode": 0, "median": 0}

LEFT_OUT = {
    **WITHOUT_GRADIENT,
    **{name: f"{str(dtype)[6:]}: {reason}" for name, (dtype, reason) in WITHOUT_DTYPE.items()},
    **dict.fromkeys(ROUGHLY, "digits behind the fourth, where PyTorch 1.13 is wrong from the seventh on"),
    **dict.fromkeys(INDEXING, "which of equal elements an index names"),
    **dict.fromkeys(
        (*(f"nn.functional.max_unpool{d}d" for d in (1, 2, 3)), "index_put"),
        "gradients of several elements for one place, where the last stays: PyTorch's flow to all of them",
    ),
    "unique": "the order where none is asked for, and of slices, which PyTorch flattens in an order of its own",
    **dict.fromkeys(("histogram", "histogramdd"), "edges that do not rise: they are sorted first"),
    "nn.functional.ctc_loss": "gradients of what is no log_softmax: they are compared through it",
    "stft": "the default of return_complex, which PyTorch has since asked for",
}

# Operators that differ, each with its reason.
EXCEPTIONS = {
    **dict.fromkeys(
        (
            "jiterator_unary",
            "jiterator_binary",
            "jiterator_4inputs_with_extra_args",
            "jiterator_binary_return_by_ref",
            "jiterator_2inputs_2outputs",
        ),
        "compiles CUDA source",
    ),
    **dict.fromkeys(("chalf", "to_sparse"), "no such dtype or layout"),
    "cov": "PyTorch adds float32 weights of float64 observations in float32",
    "symeig": "PyTorch has taken it away: linalg.eigh",
    "nn.functional._scaled_dot_product_attention": "a private function of PyTorch 1.13; scaled_dot_product_attention is public",
}


def stft(x, *args, return_complex=None, **kwargs):
    """With the default that return_complex has in PyTorch 1.13."""
    return nr.stft(x, *args, return_complex=x.is_complex() if return_complex is None else return_complex, **kwargs)


def counterpart(name):
    """Neura's function of that name, or None."""
    special = {
        "__getitem__": lambda x, *a: x[a[0]] if len(a) == 1 else x[a],
        "__radd__": lambda x, other: other + x,
        "__rand__": lambda x, other: other & x,
        "__rdiv__": lambda x, other: other / x,
        "__rmatmul__": lambda x, other: other @ x,
        "__rmod__": lambda x, other: other % x,
        "__rmul__": lambda x, other: other * x,
        "__ror__": lambda x, other: other | x,
        "__rpow__": lambda x, other: other**x,
        "__rsub__": lambda x, other: other - x,
        "__rxor__": lambda x, other: other ^ x,
        # Their samples have the arguments in another order.
        "einsum": lambda tensors, equation: nr.einsum(equation, *tensors),
        "polygamma": lambda x, n, **kwargs: nr.polygamma(n, x, **kwargs),
        "special.polygamma": lambda x, n, **kwargs: nr.special.polygamma(n, x, **kwargs),
        "where": lambda x, condition, other: nr.where(condition, x, other),
        "uniform": lambda x, *a, **kwargs: x.clone().uniform_(*a, **kwargs),
        "zero_": lambda x: x.clone().zero_(),
        "fill_": lambda x, value: x.clone().fill_(value),
        "linalg.lstsq/grad_oriented": lambda a, b, **kwargs: nr.linalg.lstsq(a, b, **kwargs)[0],
        "nn.functional.embedding": lambda weight, index, **kwargs: nr.nn.functional.embedding(index, weight, **kwargs),
        "nn.functional.embedding_bag": lambda weight, index, **kwargs: nr.nn.functional.embedding_bag(index, weight, **kwargs),
        "stft": stft,
        "linalg.pinv/singular": lambda a, b: nr.linalg.pinv(a @ b.mT),
        "pca_lowrank": lambda a, b, **kwargs: nr.pca_lowrank(a @ b.mT, **kwargs),
        "svd_lowrank": lambda a, b, **kwargs: nr.svd_lowrank(a @ b.mT, **kwargs),
        "H": lambda x: x.H,
        "T": lambda x: x.T,
        "mH": lambda x: x.mH,
        "mT": lambda x: x.mT,
    }
    if name in special:
        return special[name]
    found = nr
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            break
    if found is not None and callable(found):
        return found
    method = getattr(nr.Tensor, name, None)
    return method if callable(method) else None


def to_neura(value, leaves):
    if isinstance(value, torch.Tensor):
        array = value.detach().resolve_conj().resolve_neg().numpy()
        tensor = nr.from_numpy(array)
        if value.requires_grad:
            tensor.requires_grad_()
            leaves.append((tensor, value))
        return tensor
    if isinstance(value, torch.dtype):
        return getattr(nr, str(value).split(".")[1])
    if isinstance(value, torch.device):
        return "cpu"
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(to_neura(v, leaves) for v in value)
    if isinstance(value, dict):
        return {k: to_neura(v, leaves) for k, v in value.items()}
    if isinstance(value, torch.nn.PairwiseDistance):
        return nr.nn.functional.pairwise_distance
    if value is torch.contiguous_format:
        return nr.contiguous_format
    if value is torch.preserve_format:
        return nr.preserve_format
    if value is torch.channels_last:
        return nr.channels_last
    if value is torch.strided:
        return nr.strided
    return value


def tensors_of(result):
    if isinstance(result, (list, tuple)):
        return [t for r in result for t in tensors_of(r)]
    return [result]


class Difference(Exception):
    pass


def array_of(tensor):
    """The name of its dtype, and the elements; those of bfloat16, which NumPy has not, as float32."""
    tensor = tensor.detach()
    name = str(tensor.dtype).split(".")[-1]
    if isinstance(tensor, torch.Tensor):
        tensor = tensor.resolve_conj().resolve_neg()
    return name, (tensor.float() if name == "bfloat16" else tensor).numpy()


def compare(ours, theirs, what, loosely, values=True):
    if not isinstance(theirs, torch.Tensor):
        same = ours == theirs or (isinstance(theirs, torch.dtype) and str(ours).split(".")[-1] == str(theirs).split(".")[-1])
        if values and not same:
            raise Difference(f"{what}: {ours!r}, PyTorch {theirs!r}")
        return
    if not isinstance(ours, nr.Tensor):
        raise Difference(f"{what}: {type(ours).__name__}, PyTorch a tensor")
    (dtype, a), (wanted, b) = array_of(ours), array_of(theirs)
    if a.shape != b.shape or dtype != wanted:
        raise Difference(f"{what}: {dtype}{list(a.shape)}, PyTorch {wanted}{list(b.shape)}")
    if not values:
        return
    digits = 1e-4 if loosely or b.dtype in (np.float32, np.complex64) else 1e-7
    if not np.allclose(a, b, digits, digits, equal_nan=True):
        with np.errstate(all="ignore"):
            apart = np.nanmax(np.abs(a.astype(np.complex128) - b.astype(np.complex128)))
        raise Difference(f"{what}: values differ by {apart:.3g}")


def gradients(outputs, leaves):
    """Of all outputs, weighted; a list with None where there is none."""
    library = torch if leaves and isinstance(leaves[0], torch.Tensor) else nr
    outputs = [o for o in outputs if isinstance(o, library.Tensor) and o.requires_grad]
    if not outputs:
        return [None] * len(leaves)
    seeds = []
    for output in outputs:
        weights = np.random.RandomState(1).uniform(0.5, 1.5, tuple(output.shape))
        if output.is_complex():
            weights = weights * (1 + 0.5j)
        seeds.append(library.tensor(weights).to(output.dtype))
    return list(library.autograd.grad(outputs, leaves, seeds, allow_unused=True))


def prepared(op, sample):
    """The sample with what is compared in the place of what is not."""

    def leaf(value):
        # No gradient reaches a view that was made without one.
        if isinstance(value, torch.Tensor) and value.requires_grad and value._is_view():
            return value.detach().requires_grad_()
        return value

    sample.input, sample.args = leaf(sample.input), tuple(leaf(value) for value in sample.args)
    sample.kwargs = {name: leaf(value) for name, value in sample.kwargs.items()}
    if op.name in ("histogram", "histogramdd"):
        bins = sample.args[0]
        rising = [b.sort().values if isinstance(b, torch.Tensor) else b for b in (bins if isinstance(bins, list) else [bins])]
        sample.args = (rising if isinstance(bins, list) else rising[0], *sample.args[1:])
    return sample


def repeats(tensor):
    return tensor.unique(dim=0).shape[0] < tensor.shape[0]


def meets_itself(op, sample):
    """Whether several elements are meant for one place."""
    if op.name.startswith("nn.functional.max_unpool"):
        channels = sample.args[0].flatten(0, 1).flatten(1)
        return any(repeats(channel) for channel in channels)
    if op.name == "index_put" and sample.args[0][0].dtype != torch.bool and not sample.kwargs.get("accumulate"):
        return repeats(sample.args[0][0])
    if op.name == "as_strided_scatter":
        _, size, stride = sample.args
        offsets = torch.zeros((), dtype=torch.int64)
        for extent, step in zip(size, stride):
            offsets = offsets[..., None] + torch.arange(extent) * step
        return repeats(offsets.flatten())
    return False


def gathered(op, sample, result):
    """A result of INDEXING with the elements that its indices name in their place."""
    tensors = list(result) if isinstance(result, (list, tuple)) else [result]
    library = torch if isinstance(tensors[0], torch.Tensor) else nr
    x, position = sample.input.detach(), INDEXING[op.name]
    if library is nr:
        x = to_neura(x, [])
    dim = sample.kwargs.get("dim", sample.args[position] if len(sample.args) > position else -1)
    if x.ndim == 0 or (op.name == "median" and len(tensors) == 1):
        return tensors
    indices = tensors[-1] if tensors[-1].ndim == x.ndim else tensors[-1].unsqueeze(dim)
    return [*tensors[:-1], library.gather(x, dim, indices), indices * 0]


def in_order(op, sample, result):
    """Of unique elements or slices in any order: in that of NumPy, with places that name them there."""
    if sample.kwargs.get("sorted", True) and sample.kwargs.get("dim") is None:
        return result
    parts = list(result) if isinstance(result, (list, tuple)) else [result]
    elements = parts[0].detach().numpy()
    dim = sample.kwargs.get("dim")
    slices = elements.reshape(-1) if dim is None else np.moveaxis(elements, dim, 0)
    rows = slices.reshape(len(slices), math.prod(slices.shape[1:]))
    order = np.lexsort(rows.T[::-1]) if rows.shape[1] else np.arange(rows.shape[0])
    arranged = [np.take(elements, order, 0 if dim is None else dim)]
    rest = [part.numpy() for part in parts[1:]]
    if sample.kwargs.get("return_inverse"):
        arranged.append(np.argsort(order)[rest.pop(0)])
    arranged += [counts[order] for counts in rest]
    library = torch if isinstance(parts[0], torch.Tensor) else nr
    return [library.from_numpy(np.ascontiguousarray(part)) for part in arranged]


def run_sample(op, ours, sample, number, with_gradient):
    sample = prepared(op, sample)
    what = f"sample {number} ({shown(sample)})"
    twice = meets_itself(op, sample)
    if twice and op.name == "as_strided_scatter":
        return
    theirs = op
    if op.name == "nn.functional.ctc_loss":
        theirs = lambda x, *args, **kwargs: op(x.log_softmax(-1), *args, **kwargs)
        function, ours = ours, lambda x, *args, **kwargs: function(nr.log_softmax(x, -1), *args, **kwargs)
    theirs_failed = None
    try:
        expected = theirs(sample.input, *sample.args, **sample.kwargs)
    except Exception as error:  # what PyTorch refuses, nobody has to compute
        theirs_failed = error
    leaves = []
    args = to_neura([sample.input, *sample.args], leaves)
    kwargs = to_neura(sample.kwargs, leaves)
    if theirs_failed is not None:
        return
    try:
        actual = ours(*args, **kwargs)
    except Exception as error:
        raise Difference(f"{what}: {type(error).__name__}: {str(error)[:200]}") from None
    change = gathered if op.name in INDEXING else in_order if op.name == "unique" else None
    if change:
        actual, expected = change(op, sample, actual), change(op, sample, expected)
    mine, other = tensors_of(actual), tensors_of(expected)
    if len(mine) != len(other):
        raise Difference(f"{what}: {len(mine)} results, PyTorch {len(other)}")
    fixed = op.name not in UNDETERMINED and op.name not in PHASES
    for a, b in zip(mine, other):
        compare(a, b, what, op.name in ROUGHLY, fixed)
    without = {op.name, f"{op.name}/{op.variant_test_name}"} & set(WITHOUT_GRADIENT)
    if twice or without or not with_gradient or not fixed or not leaves:
        return
    try:
        wanted = gradients(other, [t for _, t in leaves])
    except Exception:
        return
    try:
        given = gradients(mine, [t for t, _ in leaves])
    except Exception as error:
        raise Difference(f"{what}: gradient: {type(error).__name__}: {str(error)[:200]}") from None
    for a, b, (leaf, _) in zip(given, wanted, leaves):
        zero = np.zeros(tuple(leaf.shape))
        # No gradient is a gradient of zero.
        left = zero if a is None else a.detach().numpy()
        right = zero if b is None else b.detach().resolve_conj().resolve_neg().numpy()
        if op.name in HERMITIAN:
            left, right = (x + np.swapaxes(x.conj(), -2, -1) for x in (left, right))
        if op.name in TRIANGLES and leaf is leaves[-1][0]:
            left, right = ((np.triu if sample.kwargs.get("upper") else np.tril)(x) for x in (left, right))
        if left.shape != right.shape or not np.allclose(left, right, 1e-5, 1e-6, equal_nan=True):
            raise Difference(f"{what}: gradients differ")


def shown(sample):
    def one(value):
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype)[6:]}{list(value.shape)}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(one(v) for v in value) + "]"
        return repr(value)

    parts = [one(sample.input), *(one(a) for a in sample.args), *(f"{k}={one(v)}" for k, v in sample.kwargs.items())]
    return ", ".join(parts)[:160]


def run_operator(op, ours):
    """Compares every sample of every dtype; raises Difference."""
    left_out = WITHOUT_DTYPE.get(op.name, (None,))[0]
    supported = [d for d in DTYPES if d in op.supported_dtypes("cpu") and d is not left_out]
    count = 0
    for dtype in supported:
        with_gradient = dtype in (torch.float64, torch.complex128) and op.supports_autograd
        torch.manual_seed(0)
        for number, sample in enumerate(op.sample_inputs("cpu", dtype, requires_grad=with_gradient)):
            try:
                run_sample(op, ours, sample, number, with_gradient)
            except Difference as difference:
                raise Difference(f"{str(dtype)[6:]}, {difference}") from None
            count += 1
    return count


def in_child(op, ours):
    """The outcome in a process of its own, which may crash: (word, text)."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(SECONDS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = f"agrees\t{run_operator(op, ours)} samples"
        except Difference as difference:
            text = f"differs\t{difference}"
        except BaseException as error:  # in the samples themselves
            text = f"broken\t{type(error).__name__}: {error}"
        os.write(write, text.encode()[:4000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return ("late", f"more than {SECONDS} s") if number == signal.SIGALRM else ("crashes", signal.Signals(number).name)
    word, _, rest = text.partition("\t")
    return word, rest


def operators(names):
    merged = collections.OrderedDict()
    for op in op_db:
        if op.name.startswith("sparse") or op.name.startswith("_") and not op.name.startswith("__"):
            continue
        if names and op.name not in names:
            continue
        merged[op.name + ("/" + op.variant_test_name if op.variant_test_name else "")] = op
    return merged


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("-v", action="store_true", help="also those that agree")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    outcomes = collections.Counter()
    for name, op in operators(arguments.names).items():
        ours = counterpart(name) or counterpart(op.name)
        word, text = ("missing", "") if ours is None else in_child(op, ours)
        excuse = EXCEPTIONS.get(name, EXCEPTIONS.get(op.name))
        if word in ("differs", "missing", "broken") and excuse:
            word, text = "excused", excuse
        outcomes[word] += 1
        left_out = LEFT_OUT.get(name, LEFT_OUT.get(op.name))
        if word == "agrees" and left_out:
            text += f", without {left_out}"
        if word != "agrees" or arguments.v:
            print(f"{word:8} {name:50} {text}", flush=True)
    total = sum(outcomes.values())
    print(", ".join(f"{count} {word}" for word, count in outcomes.most_common()), f"of {total}")
    return 1 if outcomes["crashes"] else 0


if __name__ == "__main__":
    sys.exit(main())
