"""How tensors print."""

from neura import _C

# Dtypes that the printed values tell by themselves.
_IMPLIED = (_C.float32, _C.complex64, _C.int64, _C.bool)


def tensor_repr(tensor: _C.Tensor) -> str:
    """`tensor([[1., 2.]], dtype=..., requires_grad=True)`, as PyTorch prints it."""
    examples = _C._examples_of(tensor, None)
    if examples is not None:
        return f"examples of vmap({tensor_repr(examples)})"
    prefix = "tensor("
    if tensor.is_sparse:
        return _noted(prefix, _parts_text(tensor, len(prefix)), _sparse_notes(tensor), True)
    text: str = _C._elements_text(tensor.detach(), len(prefix))
    if tensor.dtype is _C.bool:
        text = text.replace("true", "True").replace("false", "False")
    notes = []
    if tensor.numel() == 0 and tensor.ndim != 1:
        notes.append(f"size={tuple(tensor.shape)}")
    if tensor.dtype not in _IMPLIED or (tensor.numel() == 0 and tensor.dtype != _C.float32):
        notes.append(f"dtype={tensor.dtype!r}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn={tensor.grad_fn!r}")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return _noted(prefix, text, notes, False)


def _parts_text(tensor: _C.Tensor, indent: int) -> str:
    """Places and values of a sparse tensor, one below the other."""
    parts = []
    for name, part in (("indices", tensor._indices()), ("values", tensor._values().detach())):
        start = f"{name}=tensor("
        size = f", size={tuple(part.shape)}" if part.numel() == 0 else ""
        parts.append(f"{start}{_C._elements_text(part, indent + len(start))}{size})")
    return (",\n" + " " * indent).join(parts)


def _sparse_notes(tensor: _C.Tensor) -> list[str]:
    notes = [f"size={tuple(tensor.shape)}", f"nnz={tensor._nnz()}"]
    if tensor.dtype not in _IMPLIED:
        notes.append(f"dtype={tensor.dtype!r}")
    return [*notes, f"layout=neura.{tensor.layout}"]


def _noted(prefix: str, text: str, notes: list[str], on_new_line: bool) -> str:
    """The text with notes behind it, on lines that are not too long."""
    text = prefix + text
    line_width: int = _C._line_width()
    width = len(text) - text.rfind("\n") + 1
    for note in notes:
        if on_new_line or width + len(note) + 2 > line_width:
            text += ",\n" + " " * len(prefix) + note
            width = len(prefix) + len(note)
            on_new_line = False
        else:
            text += f", {note}"
            width += len(note) + 2
    return f"{text})"
