"""ONNX files: a model goes out with export(), and comes back as a program with load()."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, NamedTuple, Union

from neura import _C
from neura._C import Tensor
from neura.autograd import no_grad
from neura.nn.module import Module

Path = Union[str, "os.PathLike[str]"]
DynamicAxes = Mapping[str, Union[Mapping[int, str], Sequence[int]]]


def export(
    model: Callable[..., Tensor | Sequence[Tensor]],
    args: Tensor | Sequence[Tensor],
    f: Path,
    *,
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    dynamic_axes: DynamicAxes | None = None,
) -> None:
    """Writes what model(*args) computes to a file, at operator set 17.

    model is a module, or a function of tensors, that returns a tensor or several. It is run a few times on resized
    copies of args; modules are put into evaluation mode meanwhile. Dimension 0 of every input takes any size in the
    file, unless dynamic_axes says which do: {"input": {0: "batch", 2: "height"}} or {"input": [0, 2]}, {} for none.

    Raises NotImplementedError for an operation that ONNX cannot say.
    """
    examples = [args] if isinstance(args, Tensor) else list(args)
    names = list(input_names) + ["input" if i == 0 else f"input{i}" for i in range(len(input_names), len(examples))]
    dims: list[tuple[int, int, str]] = []
    for name, axes in (dynamic_axes or {}).items():
        if name not in names:
            if name in output_names or name.startswith("output"):
                continue  # what is open there follows from the inputs
            raise ValueError(f"export: dynamic_axes names {name!r}; the inputs are {names}")
        labels = axes if isinstance(axes, Mapping) else {axis: f"{name}_{axis}" for axis in axes}
        dims += [(names.index(name), axis, label) for axis, label in labels.items()]
    constants: list[tuple[str, Tensor]] = []
    modes: list[tuple[Module, bool]] = []
    if isinstance(model, Module):
        constants = [*model.named_parameters(), *model.named_buffers()]
        modes = [(module, module.training) for module in model.modules()]
        model.eval()

    def call(*inputs: Tensor) -> Any:
        return model(*inputs)

    try:
        with no_grad():
            _C._onnx_export(
                call, examples, os.fspath(f), dynamic_axes is None, dims, constants, names, list(output_names)
            )
    finally:
        for module, training in modes:
            module.training = training


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
