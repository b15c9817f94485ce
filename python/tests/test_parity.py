"""Every operation that is bound, beside PyTorch's: values, dtypes and gradients."""

import warnings

import neura as nr
import numpy as np
import parity_cases as cases
import pytest
import torch
from neura import _C

SCOPES = ("", "nn.functional", "Tensor", *_C._namespaces)
BOUND = [(scope, name) for scope, name, *_ in _C._bound_functions() if scope in SCOPES]
ELSEWHERE = {name for names in cases.COMPARED_ELSEWHERE.values() for name in names.split()}
OURS = {"": nr._C, "nn.functional": nr._C.functional, "Tensor": nr.Tensor, **_C._namespaces}
THEIRS = {"": torch, "nn.functional": torch.nn.functional, "Tensor": torch.Tensor}
# The windows are PyTorch's from 2.0 on; their cases have references.
THEIRS.update({name: getattr(torch, name, None) for name in _C._namespaces})
IN_PLACE = {name for scope, name in BOUND if scope == "Tensor" and name.endswith("_") and name[0] != "_"}


def cases_of(scope, name):
    if f"{scope}.{name}" in cases.CASES:
        return cases.CASES[f"{scope}.{name}"]
    if scope == "nn.functional" and name in cases.FUNCTIONAL_CASES:
        return cases.FUNCTIONAL_CASES[name]
    if scope == "" and name in cases.FUNCTION_CASES:
        return [*cases.CASES[name], *cases.FUNCTION_CASES[name]]
    if name in cases.CASES:
        return cases.CASES[name]
    return cases.CASES.get(name[:-1], []) if name in IN_PLACE else []


def reference_of(scope, name, case):
    if (scope, name) in cases.SPECIAL_CALLS:
        return cases.SPECIAL_CALLS[scope, name], False
    if case.reference is not None:
        # A function of the inputs alone, unless it is PyTorch's own.
        return case.reference, case.reference.__name__ != "<lambda>"
    for place in (THEIRS[scope], torch, torch.Tensor, torch.nn.functional):
        if hasattr(place, name):
            return getattr(place, name), True
    raise AssertionError(f"PyTorch has no {name}; its case needs a reference")


def test_every_operation_is_compared():
    missing = [(s, n) for s, n in BOUND if not cases_of(s, n) and n not in ELSEWHERE]
    assert not missing
    names = {name for _, name in BOUND} | {f"{scope}.{name}" for scope, name in BOUND}
    assert not ELSEWHERE - names, "no longer bound"
    assert not set(cases.CASES) - names, "no longer bound"


def layouts(array):
    """The array as it is, and with strides that are not those of a contiguous one."""
    yield array
    if array.ndim >= 2:
        yield np.ascontiguousarray(array.T).T
    elif array.ndim == 1:
        yield np.repeat(array, 2)[::2]


def converted(value, dtype):
    """Arrays of floating point take the dtype of the case, complex ones that of its width; indices and masks keep theirs."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(cases.REAL.get(dtype, dtype))
    if isinstance(value, np.ndarray) and value.dtype == np.complex128:
        return value.astype("complex64" if dtype in ("float32", "complex64") else "complex128")
    return value


def tensors(library, values, dtype, with_gradient):
    """Arguments for a library, arrays made tensors that share nothing with those of the other."""
    results = []
    for value in values:
        if isinstance(value, np.ndarray):
            array = converted(value, dtype)
            tensor = library.from_numpy(array if array.base is None or array.ndim == 0 else copy_of(array))
            if with_gradient and value.dtype in (np.float64, np.complex128):
                tensor.requires_grad_()
            value = tensor
        results.append(value)
    return results


def copy_of(array):
    """A copy with the same strides."""
    copy = np.empty(array.nbytes * 4 + 64, np.uint8)[: array.nbytes * 4].view(array.dtype)
    view = np.lib.stride_tricks.as_strided(copy, array.shape, array.strides)
    view[...] = array
    return view


def outputs_of(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def keywords(library, kwargs, dtype):
    kwargs = dict(kwargs)
    if "dtype" in kwargs:
        kwargs["dtype"] = getattr(library, kwargs["dtype"])
    return {k: tensors(library, [v], dtype, False)[0] for k, v in kwargs.items()}


def call(library, function, case, inputs, dtype, everything=True):
    args = tensors(library, case.args, dtype, False)
    if not everything:
        return outputs_of(function(*inputs))
    if case.as_list:
        return outputs_of(function(inputs, *args, **keywords(library, case.kwargs, dtype)))
    return outputs_of(function(*inputs, *args, **keywords(library, case.kwargs, dtype)))


def assert_close(ours, theirs, dtype, what):
    a, b = ours.detach().numpy(), theirs.detach().resolve_conj().numpy()
    assert a.shape == b.shape and a.dtype == b.dtype, f"{what}: {a.dtype} {a.shape}, PyTorch {b.dtype} {b.shape}"
    double = dtype in ("float64", "complex128")
    np.testing.assert_allclose(a, b, 1e-9 if double else 3e-5, 1e-12 if double else 1e-5, err_msg=what)


def in_place(function):
    """The in-place form as a function that leaves its first argument alone."""

    def run(x, *args, **kwargs):
        return function(x * 1 if x.requires_grad else x.clone(), *args, **kwargs)

    return run


def expected_in_place(function):
    """What an in-place form gives: the result, converted to the dtype of the first argument."""

    def run(x, *args, **kwargs):
        return function(x, *args, **kwargs).to(x.dtype)

    return run


@pytest.mark.parametrize("scope,name", [b for b in BOUND if b[1] not in ELSEWHERE], ids=lambda value: value or "neura")
def test_parity(scope, name):
    ours = getattr(OURS[scope], name)
    changes = name in IN_PLACE and name not in cases.CASES
    for number, case in enumerate(cases_of(scope, name)):
        if changes and (case.dtypes == ("int64",) or not fits_in_place(case)):
            continue
        theirs, everything = reference_of(scope, name[:-1] if changes else name, case)
        function = in_place(ours) if changes else ours
        if changes:
            theirs = expected_in_place(theirs)
        for dtype in in_place_dtypes(name, case) if changes else case.dtypes:
            gradient = case.gradient and dtype in ("float64", "complex128")
            for arrays in zip(*(list(layouts(a)) + [a] for a in case.arrays)):
                what = f"case {number} of {name}, {dtype}, shapes {[a.shape for a in arrays]}"
                x = tensors(nr, arrays, dtype, gradient)
                y = tensors(torch, arrays, dtype, gradient)
                # They need elements side by side, here and in PyTorch.
                if name in ("view", "view_as", "as_strided", "as_strided_scatter") and not arrays[0].flags.c_contiguous:
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    a = call(nr, function, case, x, dtype)
                    b = call(torch, theirs, case, y, dtype, everything)
                if (scope, name) in cases.FIRST_OUTPUT:
                    a = a[:1]
                assert len(a) == len(b), what
                for left, right in zip(a, b):
                    assert_close(left, right, dtype, what)
                if gradient:
                    compare_gradients(a, b, x, y, what, changes)


def in_place_dtypes(name, case):
    """Masks fit into bool alone, what has a fraction into floating point alone."""
    if cases.CASES[name[:-1]][0].dtypes == cases.ALL:
        return [d for d in case.dtypes if d == "bool"]
    return [d for d in case.dtypes if d.startswith("float")]


def fits_in_place(case):
    """Whether the result has the shape of the first input."""
    shapes = [a.shape for a in case.arrays]
    return np.broadcast_shapes(*shapes) == shapes[0]


def compare_gradients(a, b, x, y, what, in_place):
    pairs = [(left, right) for left, right in zip(a, b) if left.requires_grad or right.requires_grad]
    if not pairs:
        return
    assert all(left.requires_grad and right.requires_grad for left, right in pairs), what
    loss, other = 0, 0
    for left, right in pairs:
        if right.is_complex():
            left, right = nr.view_as_real(left), torch.view_as_real(torch.resolve_conj(right))
        weight = np.random.RandomState(1).uniform(0.5, 1.5, tuple(right.shape))
        loss = loss + (left * nr.tensor(weight)).sum()
        other = other + (right * torch.tensor(weight)).sum()
    try:
        loss.backward()
    except RuntimeError as error:
        # Rules that need the overwritten input say so; PyTorch would have kept a copy.
        if not in_place or "in-place operation" not in str(error):
            raise
        return
    other.backward()
    for left, right in zip(x, y):
        if not right.requires_grad:
            continue
        if right.grad is None or left.grad is None:
            # A gradient of zeros may be left out.
            for grad in (left.grad, right.grad):
                assert grad is None or not grad.any(), what
            continue
        assert_close(left.grad, right.grad, "float64", f"gradient of {what}")


def test_aliases_are_the_same_functions():
    for alias, name in nr._aliases.ALIASES.items():
        assert getattr(nr, alias) is getattr(nr, name)
        assert hasattr(torch, alias) or hasattr(torch.Tensor, alias)
