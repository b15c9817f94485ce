"""Functions that are written in Python."""

from typing import Any

from neura import _C
from neura._C import Tensor, device, dtype
from neura._size import Size
from neura._storage import Storage

# Functions of nn.functional that PyTorch has among those of tensors, too.
ALSO_HERE = """
    adaptive_max_pool1d alpha_dropout batch_norm bilinear binary_cross_entropy_with_logits celu channel_shuffle
    cosine_embedding_loss cosine_similarity ctc_loss dropout embedding embedding_bag feature_alpha_dropout group_norm
    hardshrink hinge_embedding_loss instance_norm margin_ranking_loss max_pool1d max_pool2d max_pool3d
    pairwise_distance pdist pixel_shuffle pixel_unshuffle poisson_nll_loss prelu rrelu selu threshold
    triplet_margin_loss
""".split()


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that these broadcast to."""
    number = _C.zeros(())
    return _C.broadcast_tensors([number.expand(shape) for shape in shapes])[0].shape if shapes else Size(())


def frombuffer(
    buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A tensor over the memory of an object that has a buffer: count elements, or all, from byte `offset` on."""
    import numpy

    view = memoryview(buffer).cast("B")
    rest = len(view) - offset
    if offset < 0 or rest < 0 or (count < 0 and rest % dtype.itemsize != 0) or count * dtype.itemsize > rest:
        raise ValueError(f"frombuffer: {count} elements of {dtype!r} do not fit into {len(view)} bytes from {offset} on")
    number = rest // dtype.itemsize if count < 0 else count
    array = numpy.frombuffer(view, numpy.uint8, number * dtype.itemsize, offset)
    bytes_ = _C.from_numpy(array) if array.flags.writeable else _C.tensor(array)
    _, memory, first = _C._memory_of(bytes_)
    if first != 0:
        memory = bytes_.clone()
    tensor: Tensor = _C._view_of(memory, dtype, (number,), (1,), 0)
    return tensor.requires_grad_(requires_grad)


def is_storage(obj: object) -> bool:
    """Whether an object is the memory that tensors view."""
    return isinstance(obj, Storage)


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero."""
    return bool(input)


def get_device(input: Tensor) -> int:
    """The number of the tensor's GPU; -1 for one on the CPU."""
    return -1


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along dim 1, or dim 0 of a vector."""
    return input.hsplit(indices_or_sections)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along dim 0 of at least a matrix."""
    return input.vsplit(indices_or_sections)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along dim 2."""
    return input.dsplit(indices_or_sections)


def _each_at_least(function: Any, tensors: tuple[Any, ...]) -> Any:
    """Of one tensor the result, of several, one after the other or in a sequence, a tuple."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    return tuple(function(tensor) for tensor in (tensors[0] if len(tensors) == 1 else tensors))


def atleast_1d(*tensors: Any) -> Any:
    """A number as a vector; of several tensors a tuple."""
    return _each_at_least(_C.atleast_1d, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """A vector as a row; of several tensors a tuple."""
    return _each_at_least(_C.atleast_2d, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """A matrix with a last dimension of 1, a vector with a first one, too; of several tensors a tuple."""
    return _each_at_least(_C.atleast_3d, tensors)


def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """nn.functional.layer_norm with the means and 1 / sqrt(variance + eps), which have no gradients."""
    output = _C.functional.layer_norm(input, normalized_shape, weight, bias, eps)
    dims = len(normalized_shape)
    _, mean, rstd = _C.layer_norm(input.detach(), None, None, num_dims=dims, eps=eps)
    shape = (*input.shape[: input.ndim - dims], *(1,) * dims)
    return output, mean.reshape(shape), rstd.reshape(shape)


def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """nn.functional.batch_norm with the batch's means and 1 / sqrt(variance + eps), which have no gradients; in evaluation
    these are empty."""
    output = _C.functional.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        return output, input.new_empty(0), input.new_empty(0)
    _, mean, rstd, _ = _C.batch_norm_training(input.detach(), None, None, eps=eps)
    return output, mean, rstd


def typename(o: Any) -> str:
    """The name of an object's type; of a tensor as Tensor.type() gives it."""
    if isinstance(o, Tensor):
        return str(o.type())
    kind = o if isinstance(o, type) else type(o)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def set_default_device(device: Any) -> None:
    """Where tensors are made that name no device: 'cpu' is the only one; others are errors."""
    _C.device("cpu" if device is None else device)


def get_default_device() -> device:
    """Where tensors are made that name no device."""
    return _C.device("cpu")
