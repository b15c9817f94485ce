"""Batch norms over several processes, of which there is one."""

from typing import Any

from neura import _C
from neura.nn.module import Module


class SyncBatchNorm(_C.SyncBatchNorm):
    """BatchNorm of [N, C, ...] with the statistics of all processes; in one process, BatchNorm. A process group is an error."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if process_group is not None:
            raise ValueError("SyncBatchNorm: there are no process groups; leave process_group out")
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device=device, dtype=dtype)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module, in which a SyncBatchNorm of the same parameters and statistics is in the place of each batch norm."""
        if isinstance(module, (_C.BatchNorm1d, _C.BatchNorm2d, _C.BatchNorm3d)):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats, process_group
            )
            for kind, name, value in module._members():
                getattr(made, f"_set_{kind}")(name, value)
            made.training = module.training
            return made
        for name, child in list(module.named_children()):
            converted = cls.convert_sync_batchnorm(child, process_group)
            if converted is not child:
                module._set_module(name, converted)
        return module
