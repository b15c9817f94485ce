"""Writes the stubs of the package from what the extension says of itself.

Functions, methods and layers come from the same tables that made them callable; the methods of Module that stand in Python
come from their source. By hand here is only what no table holds: operators and attributes of Tensor.
"""

import ast
import re
import textwrap

HEADER = '''\
"""Written by python/packaging/stubs.py."""

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, Union

from neura._size import Size as Size
from neura.nn.parameter import Parameter

_int = builtins.int
_float = builtins.float
_bool = builtins.bool
_str = builtins.str
_Number = Union[builtins.bool, builtins.int, builtins.float, builtins.complex]
_IntOrInts = Union[builtins.int, Sequence[builtins.int]]
_IntOrSizes = Union[builtins.int, Sequence[Union[builtins.int, None]]]

class dtype:
    """The element type of a tensor."""
    @property
    def name(self) -> _str: ...
    @property
    def itemsize(self) -> _int: ...
    @property
    def is_floating_point(self) -> _bool: ...
    @property
    def is_complex(self) -> _bool: ...
    @property
    def is_signed(self) -> _bool: ...

class device:
    """Where a tensor's memory is."""
    def __init__(self, name: device | _str) -> None: ...
    @property
    def type(self) -> _str: ...
    @property
    def index(self) -> _int: ...
    def __enter__(self) -> device: ...
    def __exit__(self, *args: object) -> None: ...

class memory_format:
    """In which order the elements of a tensor lie."""

contiguous_format: memory_format
preserve_format: memory_format
channels_last: memory_format
channels_last_3d: memory_format

class TensorSummary:
    """What a tensor holds, in one line."""
    def __init__(self, tensor: Tensor) -> None: ...
    shape: tuple[_int, ...]
    dtype: _dtype
    device: _device
    min: _float
    max: _float
    mean: _float
    std: _float
    nan_count: _int
    inf_count: _int

_dtype = dtype
_device = device
_DeviceLike = Union[device, builtins.str, None]
PackedSequence = Any  # that of neura.nn.utils.rnn, which imports this

class finfo:
    """What numbers a floating point dtype has."""
    def __init__(self, dtype: _dtype | None = None) -> None: ...
    bits: _int
    max: _float
    min: _float
    eps: _float
    tiny: _float
    smallest_normal: _float
    resolution: _float
    @property
    def dtype(self) -> _str: ...

class iinfo:
    """What numbers an integer dtype has."""
    def __init__(self, dtype: _dtype) -> None: ...
    bits: _int
    max: _int
    min: _int
    @property
    def dtype(self) -> _str: ...

class Generator:
    """A sequence of random numbers."""
    def __init__(self, device: _DeviceLike = ...) -> None: ...
    def manual_seed(self, seed: _int) -> Generator: ...
    def initial_seed(self) -> _int: ...
    def get_state(self) -> tuple[_int, _int]: ...
    def set_state(self, state: tuple[_int, _int]) -> None: ...

default_generator: Generator

Self = TypeVar("Self", bound="Module")

# Helpers of the package itself.
def _as_type(type: Any, tensor: Tensor) -> Any: ...
def _detach(tensor: Tensor) -> Tensor: ...
def _gradcheck(function: Any, inputs: Any, eps: _float, atol: _float, rtol: _float, second: _bool) -> _bool: ...
def _record_function(name: _str, inputs: Any, outputs: Any, backward: Any) -> None: ...
def _set_grad_enabled(enabled: _bool) -> _bool: ...
def is_grad_enabled() -> _bool: ...
def _set_parameter_type(type: Any) -> None: ...
def _set_packed_sequence_type(type: Any) -> None: ...
def _set_uninitialized_type(type: Any) -> None: ...
def _bound_classes() -> list[Any]: ...
_namespaces: dict[_str, Any]
nn_utils_rnn: Any
nn_weights: Any
distributions: Any
def __getattr__(name: _str) -> Any: ...
'''

TENSOR_BY_HAND = '''\
class Tensor:
    """An n-dimensional array of one dtype, with a gradient."""
    grad: Tensor | None
    requires_grad: _bool
    data: Tensor
    @property
    def shape(self) -> Size: ...
    @property
    def dtype(self) -> _dtype: ...
    @property
    def device(self) -> _device: ...
    @property
    def ndim(self) -> _int: ...
    @property
    def itemsize(self) -> _int: ...
    @property
    def nbytes(self) -> _int: ...
    @property
    def is_leaf(self) -> _bool: ...
    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    @property
    def grad_fn(self) -> Any: ...
    @property
    def is_sparse(self) -> _bool: ...
    @property
    def layout(self) -> str: ...
    @property
    def _version(self) -> _int: ...
    def __init__(self, data: Any, *, dtype: _dtype | None = None, device: _DeviceLike = "cpu", requires_grad: _bool = False) -> None: ...
    def __len__(self) -> _int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __contains__(self, value: object) -> _bool: ...
    def __getitem__(self, index: Any) -> Tensor: ...
    def __setitem__(self, index: Any, value: Any) -> None: ...
    def __bool__(self) -> _bool: ...
    def __int__(self) -> _int: ...
    def __float__(self) -> _float: ...
    def __index__(self) -> _int: ...
    def __hash__(self) -> _int: ...
    def __eq__(self, other: Tensor | _Number) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: Tensor | _Number) -> Tensor: ...  # type: ignore[override]
'''
BITS = ["and", "or", "xor", "lshift", "rshift"]
BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", *BITS]
IN_PLACE = ["add", "sub", "mul", "truediv", "floordiv", "mod", *BITS]
COMPARISONS = ["lt", "le", "gt", "ge"]
UNARY = ["neg", "pos", "abs", "invert"]


def type_text(text):
    """The extension's name of a type as the stubs write it."""
    return re.sub(r"\b(int|float|bool|str|dtype|DeviceLike|Number|IntOrInts|IntOrSizes)\b", r"_\1", text)


def annotation_text(type_name, default):
    """The type of a parameter with that default."""
    text = type_text(type_name)
    return text + " | None" if default == "None" and not text.endswith("| None") and text != "Any" else text


def parameter_list(parameters, leading=()):
    """`input: Tensor, dim: _int = 0, *, keepdim: _bool = False`"""
    parts = list(leading)
    keywords_begun = False
    for name, type_name, default, variadic, keyword_only in parameters:
        if variadic:
            one = "Tensor | " if type_name == "Sequence[Tensor]" else ""
            parts.append(f"*{name}: {one}{type_text(type_name)}")
            keywords_begun = True
            continue
        if keyword_only and not keywords_begun:
            parts.append("*")
            keywords_begun = True
        annotation = annotation_text(type_name, default)
        if default is not None and default.startswith(("neura.", "device(")):
            default = "..."  # no literal
        parts.append(f"{name}: {annotation}" + ("" if default is None else f" = {default}"))
    return ", ".join(parts)


def function_text(name, parameters, result, doc, method=False):
    """One `def`, with its docstring."""
    if method:
        parameters = parameters[1:]  # the tensor itself
    arguments = parameter_list(parameters, ["self"] if method else [])
    return f'def {name}({arguments}) -> {type_text(result)}:\n    """{doc}"""\n'


def methods(source):
    """The methods that a file such as neura/nn/module.py gives to a class of the extension."""
    lines = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(d, ast.Name) and d.id == "_method" for d in node.decorator_list
        ):
            result = ast.unparse(node.returns) if node.returns else "Any"
            doc = ast.get_docstring(node)
            body = f'\n    """{doc}"""' if doc else " ..."
            head = type_text(f"({ast.unparse(node.args)}) -> {result}")
            lines.append(f"def {node.name}{head}:{body}")
    return lines


def tensor_class(functions, methods_source, aliases_source):
    text = TENSOR_BY_HAND
    for name in BINARY:
        text += f"    def __{name}__(self, other: Tensor | _Number) -> Tensor: ...\n"
        text += f"    def __r{name}__(self, other: _Number) -> Tensor: ...\n"
    for name in IN_PLACE:
        text += f"    def __i{name}__(self, other: Tensor | _Number) -> Tensor: ...\n"
    for name in COMPARISONS:
        text += f"    def __{name}__(self, other: Tensor | _Number) -> Tensor: ...\n"
    for name in UNARY:
        text += f"    def __{name}__(self) -> Tensor: ...\n"
    for scope, name, parameters, result, doc in functions:
        if scope == "Tensor":
            text += textwrap.indent(function_text(name, parameters, result, doc, method=True), "    ")
    for line in methods(methods_source) + other_names(aliases_source):
        text += textwrap.indent(line, "    ") + "\n"
    return text


def other_names(source):
    """The other names of methods, of neura/_aliases.py."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ALIASES":
            aliases = ast.literal_eval(node.value)
    return [f"{name} = {target}" for name, target in aliases.items() if target not in ("as_tensor", "cat")]


def extension_stub(extension, source):
    """neura/_C.pyi"""
    functions = extension._bound_functions()
    text = HEADER
    for name, value in sorted(vars(extension).items()):
        if isinstance(value, extension.dtype):
            text += f"{name}: _dtype\n"
    text += "\n" + tensor_class(functions, source("_methods.py"), source("_aliases.py")) + "\n"
    for scope, name, parameters, result, doc in functions:
        if scope == "":
            text += function_text(name, parameters, result, doc)
    text += "\nclass Module:\n"
    text += '    """What layers and networks are: parameters, buffers and other modules, with a forward()."""\n'
    text += "    training: _bool\n    _parameters: dict[_str, Any]\n    _buffers: dict[_str, Any]\n    _modules: dict[_str, Any]\n"
    text += "    def __init__(self) -> None: ...\n"
    text += "    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...\n"
    text += "    def __getattr__(self, name: _str) -> Any: ...\n"
    for line in methods(source("nn/module.py")) + methods(source("nn/module_hooks.py")):
        text += textwrap.indent(line, "    ") + "\n"
    for scope, name, parameters, doc, forward, result in extension._bound_classes():
        if scope != "nn":
            continue
        text += f'\nclass {name}(Module):\n    """{doc}"""\n'
        for parameter, type_name, default, *_ in parameters:
            if parameter != "bias":  # the option, which the parameter of that name hides
                text += f"    {parameter}: {annotation_text(type_name, default)}\n"
        like = "" if name.endswith("Loss") else ", device: Any = None, dtype: Any = None"
        text += f"    def __init__({parameter_list(parameters, ['self'])}{like}) -> None: ...\n"
        arguments = parameter_list(forward, ["self"])
        text += f"    def __call__({arguments}) -> {result}: ...\n"
        text += f"    def forward({arguments}) -> {result}: ...\n"
        for method in ("reset_parameters", "reset_running_stats"):
            if hasattr(getattr(extension, name), method):
                text += f"    def {method}(self) -> None: ...\n"
    return text


def namespace_stub(extension, name):
    """neura/linalg.pyi, ...: the functions of a namespace, and its exceptions."""
    text = scope_stub(extension, name)
    for kind, value in vars(extension._namespaces[name]).items():
        if isinstance(value, type) and issubclass(value, Exception):
            text += f'class {kind}({value.__base__.__name__}):\n    """{value.__doc__}"""\n'
    return text


def scope_stub(extension, scope):
    """The functions of one scope, e.g. nn.functional."""
    text = HEADER_OF_SCOPE
    for bound_scope, name, parameters, result, doc in extension._bound_functions():
        if bound_scope == scope:
            text += function_text(name, parameters, result, doc)
    return text


HEADER_OF_SCOPE = '''\
"""Written by python/packaging/stubs.py."""

from collections.abc import Sequence
from typing import Any

from neura._C import (
    Generator as Generator,
    Tensor as Tensor,
    _bool,
    _device,
    _DeviceLike,
    _dtype,
    _float,
    _int,
    _IntOrInts,
    _IntOrSizes,
    _Number,
    _str,
    dtype as dtype,
)

'''

OPTIM = '''\
"""Written by python/packaging/stubs.py."""

from collections.abc import Iterable, Mapping
from typing import Any

from neura._C import Tensor
from neura.optim import lr_scheduler as lr_scheduler
from neura.optim import swa_utils as swa_utils
from neura.optim.lbfgs import LBFGS as LBFGS
from neura.optim.optimizer import Optimizer as Optimizer

_Params = Iterable[Tensor] | Iterable[Mapping[str, Any]] | Iterable[tuple[str, Tensor]]
'''

LR_SCHEDULER = '''\
"""Written by python/packaging/stubs.py."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neura._C import Tensor
from neura.optim import Optimizer

_Lambda = Callable[[int], float] | Sequence[Callable[[int], float]]

class LRScheduler:
    """Sets the learning rate of every group, step by step; a subclass has a get_lr()."""
    optimizer: Optimizer
    last_epoch: int
    base_lrs: list[float]
    def __init__(self, optimizer: Optimizer, last_epoch: int = -1, verbose: bool = False) -> None: ...
    def get_lr(self) -> list[float]: ...
    def step(self, epoch: float | None = None) -> None: ...
    def get_last_lr(self) -> list[float]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None: ...

class LambdaLR(LRScheduler):
    """The rate that each group began with times a function of the step."""
    def __init__(self, optimizer: Optimizer, lr_lambda: _Lambda, last_epoch: int = -1, verbose: bool = False) -> None: ...

class MultiplicativeLR(LRScheduler):
    """The rate times a function of the step, at each step."""
    def __init__(self, optimizer: Optimizer, lr_lambda: _Lambda, last_epoch: int = -1, verbose: bool = False) -> None: ...

class SequentialLR(LRScheduler):
    """One schedule after the other; number k + 1 begins at step milestones[k]."""
    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1, verbose: bool = False) -> None: ...

class ChainedScheduler(LRScheduler):
    """All schedules at each step, one upon the other."""
    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None: ...

_LRScheduler = LRScheduler
'''


PLATEAU = '''\
    best: float
    num_bad_epochs: int
    cooldown_counter: int
    min_lrs: list[float]
    @property
    def in_cooldown(self) -> bool: ...
    def step(self, metrics: Any, epoch: int | None = None) -> None: ...  # type: ignore[override]
'''


def python_functions(source):
    """The public functions of a source file, as stubs, and whatever it assigns from the extension."""
    text = ""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            doc = ast.get_docstring(node)
            result = ast.unparse(node.returns) if node.returns else "Any"
            text += f"def {node.name}({ast.unparse(node.args)}) -> {result}:\n"
            text += textwrap.indent(f'"""{doc}"""', "    ") + "\n"
    return text


def aliases(source):
    """(name, name in the extension) for each `a, b = _C.c, _C.d` of a source file."""
    pairs = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for target, value in zip(targets, values):
            if isinstance(value, ast.Attribute) and ast.unparse(value.value) == "_C":
                pairs.append((target.id, value.attr))
    return pairs


def reexports(module, names):
    return "".join(f"from {module} import {name} as {alias}\n" for alias, name in names)


def over_themselves(module):
    """The functions such as abs_, which write over their first argument."""
    names = sorted(n for n, v in vars(module).items() if n.endswith("_") and n[0] != "_" and callable(v))
    return "".join(f"def {name}(input: Tensor, *args: Any, **kwargs: Any) -> Tensor: ...\n" for name in names)


def package_stub(extension, package, aliases_source):
    """neura/__init__.pyi"""
    text = '"""Written by python/packaging/stubs.py."""\n\n'
    written = [n for n, v in vars(package._functions).items() if getattr(v, "__module__", "") == "neura._functions" and n[0] != "_"]
    public = [(n, n) for s, n, *_ in extension._bound_functions() if s == "" and n not in written]
    public += [(n, n) for n, v in vars(extension).items() if isinstance(v, extension.dtype)]
    public += [(n, n) for n, v in vars(extension).items() if isinstance(v, extension.memory_format)]
    types = ("Tensor", "Generator", "dtype", "device", "finfo", "iinfo", "memory_format", "TensorSummary")
    public += [(n, n) for n in (*types, "default_generator")]
    names = ast.parse(aliases_source).body[-1]
    public += [(alias, name) for alias, name in ast.literal_eval(names.value).items()]
    text += reexports("neura._C", sorted(set(public)))
    text += reexports("neura._size", [("Size", "Size")])
    text += reexports("neura._version", [("__version__", "__version__")])
    text += reexports("neura._serialization", [(name, name) for name in ("load", "safe_open", "save")])
    modes = ("enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled")
    text += reexports("neura.autograd", [(name, name) for name in modes])
    text += reexports("neura.func", [("vmap", "vmap")])
    modules = ("amp", "autograd", "backends", "cuda", "distributions", "func", "nn", "onnx", "optim", "signal", "trainer", "utils", *extension._namespaces)
    text += reexports("neura", [(name, name) for name in sorted(modules)])
    text += reexports("neura.nn.functional", [(n, n) for n in package._functions.ALSO_HERE])
    text += reexports("neura._functions", [(n, n) for n in written])
    text += reexports("neura._types", [("set_default_tensor_type", "set_default_tensor_type")])
    text += "from typing import Any\n\nfrom neura._C import _bool, _float, _int, _str\n\n"
    text += over_themselves(package)
    text += "".join(f"{name}: Any\n" for name in package._types.TYPES)
    text += "inf: _float\nnan: _float\npi: _float\ne: _float\nstrided: _str\nsparse_coo: _str\n\n"
    return text


def functional_stub(extension, functional, source):
    """neura/nn/functional.pyi"""
    same = [(alias, name) for alias, name in aliases(source)]
    text = scope_stub(extension, "nn.functional") + reexports("neura._C", same) + "\n" + python_functions(source)
    return text + over_themselves(functional) + "upsample = interpolate\n"


def transforms_stub(extension, source):
    """neura/utils/data/transforms.pyi: the transforms of C++, and those that the source imports."""
    text = scope_stub(extension, "utils.data.transforms")
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module != "neura":
            text += reexports(node.module, [(a.name, a.name) for a in node.names])
    return text


def nn_stub(extension, source):
    """neura/nn/__init__.pyi: what the source imports, and the other layers of the extension."""
    text = '"""Written by python/packaging/stubs.py."""\n\n'
    layers = {name for scope, name, *_ in extension._bound_classes() if scope == "nn"}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module != "neura":
            text += reexports(node.module, [(a.name, a.name) for a in node.names])
            layers -= {a.name for a in node.names}
    return text + reexports("neura._C", [(name, name) for name in sorted(layers)])


def optim_stub(extension, definitions, keyword_only):
    """neura/optim/__init__.pyi"""
    text = OPTIM
    for name, doc, defaults in definitions:
        listed = {key: f"{key}: {annotation(value)} = {value!r}" for key, value in defaults.items()}
        named = [listed.pop(key) for key in keyword_only if key in listed]
        arguments = ", ".join([*listed.values(), *(["*", *named] if named else [])])
        text += f'\nclass {name}(Optimizer):\n    """{doc}"""\n'
        text += f"    def __init__(self, params: _Params, {arguments}) -> None: ...\n"
    return text


def annotation(value):
    return f"tuple[{', '.join(['float'] * len(value))}]" if isinstance(value, tuple) else type(value).__name__


def schedules_stub(extension):
    """neura/optim/lr_scheduler.pyi"""
    text = LR_SCHEDULER
    for scope, name, parameters, *_ in extension._bound_classes():
        if scope == "optim.lr_scheduler":
            own = "\n".join(schedule_parameters(name, parameters))
            text += f"\nclass {name}(LRScheduler):\n" + textwrap.indent(own, "    ") + "\n"
            text += PLATEAU if name == "ReduceLROnPlateau" else ""
    return text


# Settings that a schedule may have for each group.
_OF_GROUPS = ("max_lr", "base_lr", "base_momentum", "max_momentum", "min_lr", "swa_lr")


def schedule_parameters(name, parameters):
    """The attributes of a schedule and its constructor."""
    arguments = parameter_list(parameters, ["self", "optimizer: Optimizer"])
    arguments = re.sub(r"\b_(int|float|bool|str)\b", r"\1", arguments).replace("_IntOrInts", "Sequence[int]")
    for setting in _OF_GROUPS:
        arguments = re.sub(rf"\b{setting}: float", f"{setting}: float | Sequence[float]", arguments)
    if name == "CyclicLR":
        arguments = arguments.replace("scale_mode:", "scale_fn: Callable[[float], float] | None = None, scale_mode:")
    yield from (f"{parameter[0]}: Any" for parameter in parameters)
    ending = "verbose: bool = False" if name == "ReduceLROnPlateau" else "last_epoch: int = -1, verbose: bool = False"
    yield f"def __init__({arguments}, {ending}) -> None: ..."


def distributions_stub(extension, source):
    """neura/distributions/__init__.pyi: what the source imports, and a class for each row."""
    text = '"""Written by python/packaging/stubs.py."""\n\nfrom neura._C import Tensor\n'
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module != "neura.distributions._rows":
            names = [alias.name for alias in node.names]
            text += f"from {node.module} import *\n" if names == ["*"] else reexports(node.module, [(n, n) for n in names])
    text += "from neura.distributions.distribution import Native\n\n_Param = Tensor | float\n"
    for name, doc, params, *_ in extension.distributions.rows():
        arguments = ["self"]
        for param, _, _, required in params:
            arguments.append(f"{param}: _Param" if required else f"{param}: _Param | None = ...")
        attributes = "".join(f"    {param}: Tensor\n" for param, constraint, *_ in params if constraint != "count")
        text += f'\nclass {name}(Native):\n    """{doc}"""\n{attributes}'
        text += f"    def __init__({', '.join(arguments)}, validate_args: bool | None = None) -> None: ...\n"
    return text


def reference_page(extension):
    """API.md: every function with its signature and what it does, by scope."""
    text = "# What neura can compute\n"
    scopes = {}
    for scope, name, parameters, result, doc in extension._bound_functions():
        arguments = parameter_list(parameters)
        arguments = re.sub(r"\b_(int|float|bool|str|dtype|DeviceLike|Number|IntOrInts|IntOrSizes)\b", r"\1", arguments)
        scopes.setdefault(scope, []).append(f"- `{name}({arguments}) -> {result}`: {doc}\n")
    for scope, lines in scopes.items():
        text += f"\n## {'neura.' + scope if scope else 'neura'}\n\n" + "".join(sorted(lines))
    return text


def all_stubs(extension, package):
    """The text of every stub, and of the page of reference, by its path in the package."""

    def source(path):
        return (package / path).read_text()

    import neura.optim

    return {
        "_C.pyi": extension_stub(extension, source),
        "__init__.pyi": package_stub(extension, neura, source("_aliases.py")),
        "nn/__init__.pyi": nn_stub(extension, source("nn/__init__.py")),
        "nn/functional.pyi": functional_stub(extension, neura.nn.functional, source("nn/functional.py")),
        "nn/init.pyi": scope_stub(extension, "nn.init") + python_functions(source("nn/init.py")),
        "utils/data/transforms.pyi": transforms_stub(extension, source("utils/data/transforms.py")),
        "utils/data/audio/functional.pyi": scope_stub(extension, "utils.data.audio.functional"),
        "optim/__init__.pyi": optim_stub(extension, neura.optim._DEFINITIONS, neura.optim._KEYWORD_ONLY),
        "optim/lr_scheduler.pyi": schedules_stub(extension),
        "optim/_schedules.pyi": "from typing import Any\n\ndef __getattr__(name: str) -> Any: ...\n",
        "distributions/__init__.pyi": distributions_stub(extension, source("distributions/__init__.py")),
        **{f"{name}.pyi": namespace_stub(extension, name) for name in extension._namespaces},
        "API.md": reference_page(extension),
    }
