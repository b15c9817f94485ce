"""Averages of a model's parameters while it is trained (Izmailov et al., 2018, arXiv:1803.05407)."""

import copy

from collections.abc import Callable, Iterable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn.module import Module
from neura.optim.lr_scheduler import SWALR as SWALR

_AvgFn = Callable[[Tensor, Tensor, Any], Tensor]
_MultiAvgFn = Callable[[list[Tensor], list[Tensor], Any], None]


def _ema_weight(decay: float) -> float:
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return 1 - decay


def get_ema_multi_avg_fn(decay: float = 0.999) -> _MultiAvgFn:
    """A multi_avg_fn: decay * averaged + (1 - decay) * current, of all tensors in one operation."""
    weight = _ema_weight(decay)

    def ema_update(ema_param_list: list[Tensor], current_param_list: list[Tensor], _: Any) -> None:
        _C.optim.move_averages(list(ema_param_list), list(current_param_list), weight)

    return ema_update


def get_swa_multi_avg_fn() -> _MultiAvgFn:
    """A multi_avg_fn: the mean of all values, of all tensors in one operation."""

    def swa_update(averaged_param_list: list[Tensor], current_param_list: list[Tensor], num_averaged: Any) -> None:
        _C.optim.move_averages(list(averaged_param_list), list(current_param_list), 1 / (int(num_averaged) + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> _AvgFn:
    """An avg_fn: decay * averaged + (1 - decay) * current."""
    weight = _ema_weight(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return ema_param + (current_param - ema_param) * weight

    return ema_update


def get_swa_avg_fn() -> _AvgFn:
    """An avg_fn: the mean of all values."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) * (1 / (int(num_averaged) + 1))

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are the averages of those that update_parameters() was shown; the first are copied.

    Args:
        avg_fn: the average of (averaged, current, number of values before), for each parameter.
        multi_avg_fn: writes the averages over a list of tensors, from (averaged, current, number of values before).
        use_buffers: whether buffers are averaged, too, rather than copied.
    """

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: _AvgFn | None = None,
        multi_avg_fn: _MultiAvgFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(model, Module):
            raise TypeError(f"AveragedModel: expected a Module, not {type(model).__name__}")
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", _C.tensor(0, dtype=_C.int64))
        self.avg_fn, self.multi_avg_fn = avg_fn, multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Takes the parameters of the model into the averages."""
        ours: list[Tensor] = list(self.module.parameters())
        theirs: list[Tensor] = list(model.parameters())
        if self.use_buffers:
            ours += list(self.module.buffers())
            theirs += list(model.buffers())
        if len(ours) != len(theirs):
            raise ValueError(f"AveragedModel: a model of {len(theirs)} tensors for averages of {len(ours)}")
        averaged, current = [t.detach() for t in ours], [t.detach() for t in theirs]
        count = int(self.n_averaged)
        if count == 0:
            for to, value in zip(averaged, current):
                to.copy_(value)
        elif self.avg_fn is not None:
            for to, value in zip(averaged, current):
                to.copy_(self.avg_fn(to, value, self.n_averaged))
        else:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averaged, current, self.n_averaged)
        if not self.use_buffers:
            for to, value in zip(self.module.buffers(), model.buffers()):
                to.detach().copy_(value.detach())
        self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Computes the running means and variances of the model's batch norms anew, by one pass over the loader."""
    norms = {m: m.momentum for m in model.modules() if getattr(m, "running_mean", None) is not None and hasattr(m, "num_batches_tracked")}
    if not norms:
        return
    was_training = model.training
    model.train()
    for norm in norms:
        norm.running_mean.zero_()
        norm.running_var.fill_(1)
        norm.num_batches_tracked.zero_()
        norm.momentum = None  # the mean over all batches
    try:
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    finally:
        for norm, momentum in norms.items():
            norm.momentum = momentum
        model.train(was_training)
