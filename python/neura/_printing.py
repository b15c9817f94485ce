"""How tensors print."""

import re

from neura import _C


class GradFn:
    """What `tensor.grad_fn` gives: the name of the operation that made the tensor."""

    __slots__ = ("_name",)

    def __init__(self, name):
        self._name = name

    def name(self):
        return "".join(part.capitalize() for part in self._name.split("_")) + "Backward"

    def __repr__(self):
        return f"<{self.name()}>"


# Dtypes that the printed values tell by themselves.
_IMPLIED = (_C.float32, _C.int64, _C.bool)


def tensor_repr(tensor):
    """`tensor([[1., 2.]], dtype=..., requires_grad=True)`, as PyTorch prints it."""
    text = _C._elements_text(tensor.detach())
    if tensor.dtype is _C.bool:
        text = text.replace("true", " True").replace("false", "False")
    text = re.sub(r"\n(?=[^\n])", "\n" + " " * len("tensor("), text)
    notes = []
    if tensor.numel() == 0 and tensor.ndim != 1:
        notes.append(f"size={tuple(tensor.shape)}")
    if tensor.dtype not in _IMPLIED or (tensor.numel() == 0 and tensor.dtype != _C.float32):
        notes.append(f"dtype={tensor.dtype!r}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn={tensor.grad_fn!r}")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return f"tensor({', '.join([text, *notes])})"
