"""Scaling of losses, so that gradients of 16-bit numbers do not vanish: computed by C++."""

import warnings

from collections.abc import Iterable, Mapping
from typing import Any

from neura import _C
from neura.optim.optimizer import Optimizer


class GradScaler:
    """Multiplies losses by a scale, gradients by its inverse, and leaves out steps with gradients that are not finite.

    scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update(). On a device that there is not it does nothing, with a
    warning. A step out of its order is a RuntimeError, or an AssertionError where nothing was scaled or has a gradient."""

    _scaled = False  # whether scale() was ever called
    _checked = False  # whether gradients were looked at since the last update()

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        import neura

        self._device = str(device)
        if enabled and self._device.startswith("cuda") and not neura.cuda.is_available():
            warnings.warn(f"GradScaler({device!r}) is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            enabled = False
        self._cpp = _C.optim.GradScaler(
            init_scale=float(init_scale),
            growth_factor=float(growth_factor),
            backoff_factor=float(backoff_factor),
            growth_interval=growth_interval,
            enabled=bool(enabled),
        )

    def scale(self, outputs: Any) -> Any:
        """The outputs times the scale: a tensor, or tensors in lists and tuples."""
        if not self.is_enabled():
            return outputs
        if isinstance(outputs, _C.Tensor):
            self._scaled = True
            return self._cpp.scale_outputs(outputs)
        if isinstance(outputs, Iterable) and not isinstance(outputs, (str, Mapping)):
            scaled = [self.scale(output) for output in outputs]
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else iter(scaled)
        raise ValueError(f"outputs must be a Tensor or an iterable of Tensors, not {type(outputs).__name__}")

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divides the gradients of the optimizer's parameters by the scale, for clipping before the step."""
        self._assert_scaled("unscale_")
        self._cpp.unscale(_cpp_of(optimizer))
        self._checked = True

    def _assert_scaled(self, what: str) -> None:
        if self.is_enabled() and not self._scaled:
            raise AssertionError(
                f"Attempted {what} but _scale is None.  This may indicate your script did not use"
                " scaler.scale(loss or outputs) earlier in the iteration."
            )

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """optimizer.step(), unless some gradient is not finite; unscales first where unscale_() has not."""
        if self.is_enabled() and "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._assert_scaled("step")
        cpp = _cpp_of(optimizer)
        if self.is_enabled() and all(p.grad is None for group in optimizer.param_groups for p in group["params"]):
            raise AssertionError("No inf checks were recorded for this optimizer.")
        self._checked = True
        return optimizer.step(*args, **kwargs) if self._cpp.begin_step(cpp) else None

    def update(self, new_scale: Any = None) -> None:
        """Adapts the scale to what the gradients were, or sets it."""
        self._assert_scaled("update")
        if self.is_enabled() and new_scale is None and not self._checked:
            raise AssertionError("No inf checks were recorded prior to update.")
        self._checked = False
        self._cpp.update(None if new_scale is None else float(new_scale))

    def get_scale(self) -> float:
        """The scale; 1.0 when it is not enabled."""
        return float(self._cpp.scale)

    def _option(self, name: str) -> Any:
        return self._cpp.options()[name]

    def _set_option(self, name: str, value: Any) -> None:
        self._cpp.set_options(0, **{**self._cpp.options(), name: value})

    def get_growth_factor(self) -> float:
        return float(self._option("growth_factor"))

    def set_growth_factor(self, new_factor: float) -> None:
        self._set_option("growth_factor", float(new_factor))

    def get_backoff_factor(self) -> float:
        return float(self._option("backoff_factor"))

    def set_backoff_factor(self, new_factor: float) -> None:
        self._set_option("backoff_factor", float(new_factor))

    def get_growth_interval(self) -> int:
        return int(self._option("growth_interval"))

    def set_growth_interval(self, new_interval: int) -> None:
        self._set_option("growth_interval", new_interval)

    def _get_growth_tracker(self) -> int:
        return int(self._cpp.growth_tracker) if self.is_enabled() else 0

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return bool(self._option("enabled"))

    def state_dict(self) -> dict[str, Any]:
        """The scale and what it follows, as numbers; empty when it is not enabled."""
        return {name: value.item() for name, value in dict(self._cpp.state_dict()).items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restores what state_dict() gave."""
        if not self.is_enabled():
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        whole = ("growth_interval", "_growth_tracker")
        tensors = [(k, _C.tensor(v, dtype=_C.int64 if k in whole else _C.float64)) for k, v in state_dict.items()]
        self._cpp.load_state_dict(tensors)

    def __getstate__(self) -> dict[str, Any]:
        kept = {key: value for key, value in self.__dict__.items() if key != "_cpp"}
        return {"attributes": kept, "options": self._cpp.options(), "state": self.state_dict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state["attributes"])
        self._cpp = _C.optim.GradScaler(**state["options"])
        if state["state"]:
            self.load_state_dict(state["state"])


def _cpp_of(optimizer: Any) -> Any:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"GradScaler: {type(optimizer).__name__} is not an Optimizer")
    return optimizer._cpp
