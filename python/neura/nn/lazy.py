"""Layers whose first call says how many features or channels the input has, and then makes them ordinary ones.

    net = nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(10))
    net(example)  # now a Conv2d and a Linear; an optimizer is made after this
"""

from collections.abc import Mapping
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn.module import Module
from neura.nn.parameter import UninitializedBuffer, UninitializedParameter


class LazyModuleMixin(Module):
    """A module with uninitialized parameters. Its initialize_parameters() gets the first call's arguments; `cls_to_become`
    is what it then is."""

    cls_to_become: type[Module] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        # The objects live as long as they wait: a member's would be made anew.
        if isinstance(value, (UninitializedParameter, UninitializedBuffer)):
            self.__dict__.setdefault("_waiting", {})[name] = value
        super().__setattr__(name, value)

    def register_parameter(self, name: str, param: Any) -> None:
        super().register_parameter(name, param)
        if isinstance(param, UninitializedParameter):
            self.__dict__.setdefault("_waiting", {})[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        super().register_buffer(name, tensor, persistent)
        if isinstance(tensor, UninitializedBuffer):
            self.__dict__.setdefault("_waiting", {})[name] = tensor

    def has_uninitialized_params(self) -> bool:
        """Whether the first call is still to come."""
        return bool(self.__dict__.get("_waiting"))

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materializes the parameters for such arguments of forward()."""
        raise NotImplementedError(f"{type(self).__name__} must define initialize_parameters()")

    def _become(self, *args: Any, **kwargs: Any) -> None:
        waiting = self.__dict__.get("_waiting", {})
        for name, member in waiting.items():
            member._home = (self, name)
        self.initialize_parameters(*args, **kwargs)
        for name, member in self.__dict__.get("_waiting", {}).items():
            if isinstance(member, (UninitializedParameter, UninitializedBuffer)):
                raise RuntimeError(f"{type(self).__name__}.initialize_parameters() has left '{name}' uninitialized")
        self._end()

    def _end(self) -> None:
        self.__dict__.pop("_waiting", None)
        if self.cls_to_become is not None:
            object.__setattr__(self, "__class__", self.cls_to_become)

    def _call_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        if self.has_uninitialized_params():
            self._become(*args, **kwargs)
        return Module._call_with_hooks(self, *args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call_with_hooks(*args, **kwargs)


class _LazyLayer(LazyModuleMixin):
    """A layer of C++ that begins with one feature or channel, which stands for those to come."""

    _features = "in_channels"
    _feature_dim = 1
    _dims: tuple[int, ...] = ()  # of inputs with a batch; any where empty

    def _wait(self) -> None:
        for kind, name, member in self._members():
            if member is None or name == "num_batches_tracked" or kind == "module":
                continue
            waiting = (UninitializedParameter if kind == "parameter" else UninitializedBuffer)(dtype=member.dtype)
            getattr(self, f"_set_{kind}")(name, waiting)
            self.__dict__.setdefault("_waiting", {})[name] = waiting
        setattr(self, self._features, 0)

    def _features_of(self, input: Tensor) -> int:
        shape = input.shape
        if self._dims and len(shape) not in self._dims:
            raise RuntimeError(
                f"{type(self).__name__}: expected an input of {' or '.join(map(str, self._dims))} dimensions, got"
                f" {len(shape)}: {tuple(shape)}"
            )
        without_batch = self._dims and len(shape) == min(self._dims) and self._feature_dim == 1 and len(self._dims) > 1
        return int(shape[0 if without_batch else self._feature_dim])

    def initialize_parameters(self, input: Tensor) -> None:
        self._start(self._features_of(input))

    def _start(self, features: int) -> None:
        setattr(self, self._features, features)
        assert self.cls_to_become is not None
        self.cls_to_become.reset_parameters(self)  # type: ignore[attr-defined]
        self.__dict__.pop("_waiting", None)

    def reset_parameters(self) -> None:
        """Nothing before the first call."""
        if not self.has_uninitialized_params():
            assert self.cls_to_become is not None
            self.cls_to_become.reset_parameters(self)  # type: ignore[attr-defined]

    def _start_for(self, state: Mapping[str, Tensor], prefix: str) -> None:
        """Takes the features from a saved state."""
        name = "weight" if prefix + "weight" in state else "running_mean"
        if self.has_uninitialized_params() and prefix + name in state:
            self._start(self._features_in(state[prefix + name].shape))
            self._end()

    def _features_in(self, shape: Any) -> int:
        return int(shape[self._feature_dim])

    def __reduce__(self) -> Any:
        rebuild, (cls, options, *parts) = Module.__reduce__(self)
        if self.has_uninitialized_params():
            options[self._features] = getattr(self, "groups", 1)
        return _rebuild, (rebuild, cls, options, *parts)


def _rebuild(rebuild: Any, *parts: Any) -> Any:
    module = rebuild(*parts)
    if module.has_uninitialized_params():
        setattr(module, module._features, 0)
    return module


class LazyLinear(_LazyLayer, _C.Linear):
    """A Linear whose in_features the first input says."""

    cls_to_become = _C.Linear
    _features = "in_features"
    _feature_dim = -1

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        _C.Linear.__init__(self, 1, out_features, bias, device=device, dtype=dtype)
        self._wait()


class _LazyConv(_LazyLayer):
    _base: Any = None

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        like = {"device": device, "dtype": dtype}
        self._base.__init__(
            self, groups, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, **like
        )
        self._wait()

    def _features_in(self, shape: Any) -> int:
        return int(shape[1]) * int(self.groups)


class _LazyConvTranspose(_LazyLayer):
    _base: Any = None

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        like = {"device": device, "dtype": dtype}
        self._base.__init__(
            self,
            groups,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            bias,
            dilation,
            padding_mode,
            **like,
        )
        self._wait()

    def _features_in(self, shape: Any) -> int:
        return int(shape[0])


class _LazyNorm(_LazyLayer):
    _features = "num_features"
    _base: Any = None

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        like = {"device": device, "dtype": dtype}
        self._base.__init__(self, 1, eps, momentum, affine, track_running_stats, **like)
        self._wait()

    def _features_in(self, shape: Any) -> int:
        return int(shape[0])


def _lazy(kind: type, name: str, base: Any, dims: tuple[int, ...]) -> Any:
    doc = f"A {base.__name__} whose {kind._features} the first input says."  # type: ignore[attr-defined]
    members = {"__doc__": doc, "__module__": __name__, "cls_to_become": base, "_base": base, "_dims": dims}
    return type(name, (kind, base), members)


LazyConv1d = _lazy(_LazyConv, "LazyConv1d", _C.Conv1d, (2, 3))
LazyConv2d = _lazy(_LazyConv, "LazyConv2d", _C.Conv2d, (3, 4))
LazyConv3d = _lazy(_LazyConv, "LazyConv3d", _C.Conv3d, (4, 5))
LazyConvTranspose1d = _lazy(_LazyConvTranspose, "LazyConvTranspose1d", _C.ConvTranspose1d, (2, 3))
LazyConvTranspose2d = _lazy(_LazyConvTranspose, "LazyConvTranspose2d", _C.ConvTranspose2d, (3, 4))
LazyConvTranspose3d = _lazy(_LazyConvTranspose, "LazyConvTranspose3d", _C.ConvTranspose3d, (4, 5))
LazyBatchNorm1d = _lazy(_LazyNorm, "LazyBatchNorm1d", _C.BatchNorm1d, ())
LazyBatchNorm2d = _lazy(_LazyNorm, "LazyBatchNorm2d", _C.BatchNorm2d, ())
LazyBatchNorm3d = _lazy(_LazyNorm, "LazyBatchNorm3d", _C.BatchNorm3d, ())
LazyInstanceNorm1d = _lazy(_LazyNorm, "LazyInstanceNorm1d", _C.InstanceNorm1d, (2, 3))
LazyInstanceNorm2d = _lazy(_LazyNorm, "LazyInstanceNorm2d", _C.InstanceNorm2d, (3, 4))
LazyInstanceNorm3d = _lazy(_LazyNorm, "LazyInstanceNorm3d", _C.InstanceNorm3d, (4, 5))
