"""ONNX files: a model goes out with export(), and comes back as a program with load()."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple, Union

from neura import _C, _trees
from neura._C import Tensor
from neura.autograd import no_grad
from neura.nn.module import Module

Path = Union[str, "os.PathLike[str]"]
DynamicAxes = Mapping[str, Union[Mapping[int, str], Sequence[int]]]
DynamicShapes = Union[Mapping[str, Any], Sequence[Any]]


def export(
    model: Callable[..., Any],
    args: Any = (),
    f: Path | IO[bytes] | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    opset_version: int | None = None,
    dynamic_axes: DynamicAxes | None = None,
    dynamic_shapes: DynamicShapes | None = None,
    external_data: bool | None = None,
    metadata: Mapping[str, str] | None = None,
    doc_string: str = "",
    model_name: str = "neura",
) -> bytes | None:
    """Writes what model(*args, **kwargs) computes to a file, or returns it as bytes where f is None.

    model is a module, or a function. The tensors among args and kwargs, also in tuples, lists and dicts, are the inputs
    of the model, in this order; whatever else is among them is as it is given. The tensors that the model returns,
    in tuples and lists, are its outputs. The model is run a few times on resized copies of the tensors; modules are put
    into evaluation mode meanwhile.

    Sizes: dimension 0 of every input takes any size in the file, called "batch", unless one of these says which
    dimensions do, {} for none. dynamic_axes goes by the names of inputs: {"input": {0: "batch", 2: "height"}} or
    {"input": [0, 2]}; what it says of outputs names sizes that follow from no named one. dynamic_shapes goes by
    the parameters of the model or their order: {"x": {0: "batch"}, "state": ({1: "batch"}, None)}, where a sequence of
    names and None stands for all dimensions of a tensor. Dimensions of one name have one size.

    opset_version is from 13 to 28, by default 17. Recurrent layers, attention, normalization and resizing become the
    operators that the set has for them. Parameters and buffers have the names of the state dict, nodes begin with the
    path of their module. Weights lie in the file f + ".data" with external_data=True, and by default where one file
    could not hold them. metadata are pairs of strings for whoever reads the file.

    Raises NotImplementedError, naming the operation and its module, for what ONNX or the operator set cannot say.
    """
    if dynamic_axes is not None and dynamic_shapes is not None:
        raise ValueError("export: either dynamic_axes or dynamic_shapes")
    positional = list(args) if isinstance(args, (tuple, list)) else [args]
    named = dict(kwargs or {})
    leaves, form = _trees.flatten((positional, named))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
    examples = [leaves[i] for i in places]
    names = list(input_names or ())
    names += _default_names(positional, named)[len(names) :]
    outputs = list(output_names or ())
    dims, output_dims = _open_axes(dynamic_axes or {}, names, outputs)
    if dynamic_shapes is not None:
        dims = _open_shapes(dynamic_shapes, model, positional, named, names)
    constants: list[tuple[str, Tensor]] = []
    modules: list[tuple[str, Module]] = []
    modes: list[tuple[Module, bool]] = []
    if isinstance(model, Module):
        constants = [*model.named_parameters(), *model.named_buffers()]
        modules = list(model.named_modules())
        modes = [(module, module.training) for _, module in modules]
        model.eval()

    def call(*inputs: Tensor) -> Any:
        values = list(leaves)
        for place, tensor in zip(places, inputs):
            values[place] = tensor
        given, keywords = _trees.unflatten(values, form)
        return model(*given, **keywords)

    path = os.fspath(f) if isinstance(f, (str, os.PathLike)) else None
    if path is None and external_data:
        raise ValueError("export: external_data is for models that are written to a path")
    try:
        with no_grad():
            written: bytes | None = _C._onnx_export(
                call,
                examples,
                path=path,
                opset=opset_version,
                modules=modules,
                dynamic_batch=dynamic_axes is None and dynamic_shapes is None,
                dynamic_dims=dims,
                output_dims=output_dims,
                constant_names=constants,
                input_names=names,
                output_names=outputs,
                external_data=external_data,
                metadata=list((metadata or {}).items()),
                doc_string=doc_string,
                model_name=model_name,
            )
    finally:
        for module, training in modes:
            module.training = training
    if written is None or f is None or isinstance(f, (str, os.PathLike)):
        return written
    f.write(written)
    return None


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in _trees.flatten(tree)[0] if isinstance(leaf, Tensor)]


def _default_names(positional: list[Any], named: dict[str, Any]) -> list[str]:
    """Of the inputs: those given by a name have that, others are "input", "input1", ..."""
    names: list[str] = []
    for _ in _tensors(positional):
        names.append(f"input{len(names)}" if names else "input")
    for key, value in named.items():
        count = len(_tensors(value))
        names += [key] if isinstance(value, Tensor) else [f"{key}.{i}" for i in range(count)]
    return names


def _open_axes(
    axes_of: DynamicAxes, names: list[str], outputs: list[str]
) -> tuple[list[tuple[int, int, str]], list[tuple[str, int, str]]]:
    dims: list[tuple[int, int, str]] = []
    output_dims: list[tuple[str, int, str]] = []
    for name, axes in axes_of.items():
        labels = axes if isinstance(axes, Mapping) else {axis: f"{name}_{axis}" for axis in axes}
        if name in names:
            dims += [(names.index(name), axis, label) for axis, label in labels.items()]
        elif name in outputs or name.startswith("output"):
            output_dims += [(name, axis, label) for axis, label in labels.items()]
        else:
            raise ValueError(f"export: dynamic_axes names {name!r}; the inputs are {names}")
    return dims, output_dims


def _open_shapes(
    shapes: DynamicShapes, model: Callable[..., Any], positional: list[Any], named: dict[str, Any], names: list[str]
) -> list[tuple[int, int, str]]:
    """(input, dimension, name) of what dynamic_shapes leaves open."""
    given = dict(enumerate(positional)) | named
    if isinstance(shapes, Mapping):
        count = len(positional)
        keys: dict[Any, Any] = {key: i for i, key in enumerate(_parameters(model)[:count])}
        keys = {key: i for i, key in enumerate(names[:count]) if len(_tensors(positional)) == count} | keys
        keys |= {key: key for key in named}
        unknown = [key for key in shapes if key not in keys]
        if unknown:
            raise ValueError(f"export: dynamic_shapes names {unknown[0]!r}; the model is given {list(keys)}")
        spec_of = {keys[key]: spec for key, spec in shapes.items()}
    else:
        if len(shapes) != len(given):
            raise ValueError(f"export: dynamic_shapes has {len(shapes)} entries for {len(given)} arguments")
        spec_of = dict(zip(given, shapes))
    dims: list[tuple[int, int, str]] = []
    place = 0
    for key, value in given.items():
        for tensor, spec in _paired(value, spec_of.get(key)):
            entries = spec.items() if isinstance(spec, Mapping) else enumerate(spec or ())
            for axis, dim in entries:
                if not -tensor.dim() <= axis < tensor.dim():
                    raise ValueError(f"export: {names[place]!r} has {tensor.dim()} dimensions, dynamic_shapes names {axis}")
                label = dim if isinstance(dim, str) else getattr(dim, "__name__", None)
                if label is not None:
                    dims.append((place, axis, label))
                elif dim is not None and not isinstance(dim, int):
                    raise TypeError(f"export: a dimension is a name, None or a number, not {dim!r}")
            place += 1
    return dims


def _parameters(model: Callable[..., Any]) -> list[str]:
    function = model.forward if isinstance(model, Module) else model
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # of a layer of C++
        return []


def _paired(value: Any, spec: Any) -> Iterator[tuple[Tensor, Any]]:
    """Each tensor of an argument with what is said of its dimensions."""
    if isinstance(value, Tensor):
        if spec is not None and not isinstance(spec, (Mapping, tuple, list)):
            raise TypeError(f"export: the dimensions of a tensor are a dict or a sequence, not {spec!r}")
        yield value, spec
    elif isinstance(value, (tuple, list, Mapping)):
        parts = list(value.values()) if isinstance(value, Mapping) else list(value)
        below = list(spec.values()) if isinstance(spec, Mapping) else list(spec or [None] * len(parts))
        if len(below) != len(parts):
            raise ValueError(f"export: dynamic_shapes has {len(below)} entries for {len(parts)} of an argument")
        for part, each in zip(parts, below):
            yield from _paired(part, each)


class ValueInfo(NamedTuple):
    """An input or output of a model."""

    name: str
    dtype: Any
    shape: tuple[int | str, ...]  # open extents by their names, or by how they follow from others


class Program:
    """A model, called with its inputs in order or by name; it returns its output, or a tuple of them.

    Beside tensors, inputs and outputs are lists of tensors (sequences), strings or lists of them, dicts (maps), and
    None for an optional that is empty; sequences of maps come out as lists of dicts.
    """

    def __init__(self, program: Any) -> None:
        self._program = program

    @property
    def input_names(self) -> list[str]:
        names: list[str] = self._program.input_names
        return names

    @property
    def output_names(self) -> list[str]:
        names: list[str] = self._program.output_names
        return names

    @property
    def inputs(self) -> list[ValueInfo]:
        return [ValueInfo(*info) for info in self._program.inputs]

    @property
    def outputs(self) -> list[ValueInfo]:
        return [ValueInfo(*info) for info in self._program.outputs]

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        names = self.input_names
        given = list(inputs)
        for name in names[len(inputs) :]:
            if name not in named:
                raise TypeError(f"the model has the inputs {names}; {name!r} is missing")
            given.append(named.pop(name))
        if named:
            raise TypeError(f"the model has the inputs {names}; {next(iter(named))!r} is none, or given twice")
        outputs = self._program.run(given)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def __repr__(self) -> str:
        return str(self._program)


def load(
    f: Path | bytes | IO[bytes],
    *,
    fixed_dims: Mapping[str, int] | None = None,
    external_data: Mapping[str, bytes] | Callable[[str], bytes] | None = None,
    most_loop_rounds: int | None = None,
) -> Program:
    """Reads a model of operator sets 1 to 28, optimizes it and makes it ready to run.

    f is a path, the bytes of a model, or a file that gives them. fixed_dims are sizes of open dimensions, by their
    names. external_data has the bytes of tensors that lie outside of the model, by their location; models that are
    read by their path find them in files below their folder, which are mapped. A run in which a Loop would take more
    than most_loop_rounds, by default 2**31, ends with a RuntimeError.
    """
    source: str | bytes
    if isinstance(f, (str, os.PathLike)):
        source = os.fspath(f)
    else:
        source = bytes(f) if isinstance(f, (bytes, bytearray, memoryview)) else f.read()
    given = external_data.__getitem__ if isinstance(external_data, Mapping) else external_data
    return Program(_C._onnx_load(source, list((fixed_dims or {}).items()), given, most_loop_rounds))
