"""Neura: tensors, gradients and neural networks, as a PyTorch user knows them.

    import neura as nr

    x = nr.randn(32, 784, requires_grad=True)
    model = nr.nn.Sequential(nr.nn.Linear(784, 256), nr.nn.ReLU(), nr.nn.Linear(256, 10))
    loss = nr.nn.functional.cross_entropy(model(x), nr.randint(0, 10, (32,)))
    loss.backward()
"""

import math as _math

from neura import _C
from neura._size import Size
from neura._version import __version__

inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
strided, sparse_coo = "strided", "sparse_coo"  # layouts

Tensor, Generator, dtype, device = _C.Tensor, _C.Generator, _C.dtype, _C.device
finfo, iinfo = _C.finfo, _C.iinfo
memory_format, TensorSummary = _C.memory_format, _C.TensorSummary
contiguous_format, preserve_format = _C.contiguous_format, _C.preserve_format
channels_last, channels_last_3d = _C.channels_last, _C.channels_last_3d
default_generator = _C.default_generator

# Dtypes and functions: whatever C++ has bound, under the name that it has there.
globals().update({name: value for name, value in vars(_C).items() if isinstance(value, _C.dtype)})
globals().update({name: getattr(_C, name) for scope, name, *_ in _C._bound_functions() if not scope})
# Functions in modules of their own: neura.linalg, neura.special, ...
globals().update(_C._namespaces)

# These stand on what is above.
from neura import _functions, _methods, amp, array_api, autograd, backends, cuda, distributions, func, nn  # noqa: E402
from neura import onnx, optim, signal, trainer, utils  # noqa: E402
from neura.cuda import amp as _cuda_amp  # noqa: E402
from neura._aliases import ALIASES as _ALIASES  # noqa: E402
from neura._serialization import load, safe_open, save  # noqa: E402
from neura.amp.autocast_mode import (  # noqa: E402
    autocast,
    clear_autocast_cache,
    get_autocast_cpu_dtype,
    get_autocast_dtype,
    get_autocast_gpu_dtype,
    is_autocast_cache_enabled,
    is_autocast_cpu_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_cpu_dtype,
    set_autocast_dtype,
)
from neura.autograd import (  # noqa: E402
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from neura.func import vmap  # noqa: E402
from neura.nn.summary import summary  # noqa: E402

from neura._functions import (  # noqa: E402
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_shapes,
    dsplit,
    frombuffer,
    get_default_device,
    get_device,
    hsplit,
    is_nonzero,
    is_storage,
    native_batch_norm,
    native_layer_norm,
    set_default_device,
    typename,
    vsplit,
)
from neura._types import TYPES as _TYPES  # noqa: E402
from neura._types import set_default_tensor_type  # noqa: E402

globals().update({name: getattr(_C, target) for name, target in _ALIASES.items()})
globals().update(_TYPES)
# In PyTorch these functions of nn.functional stand here, too.
globals().update({name: getattr(_C.functional, name) for name in _functions.ALSO_HERE})
# neura.abs_(x) is x.abs_().
globals().update(
    {
        name: getattr(Tensor, name)
        for name in dir(Tensor)
        if name.endswith("_") and name[0] != "_" and name[:-1] in globals() and callable(getattr(Tensor, name))
    }
)
