"""The layers of C++ that take more in Python."""

from typing import Any

from neura import _C
from neura._C import Tensor


class Upsample(_C.Upsample):
    """[N, C, ...] resized to `size`, or by scale_factor, a number or one for each dimension."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        each = isinstance(scale_factor, (tuple, list))
        super().__init__(size, None if each else scale_factor, mode, bool(align_corners), bool(recompute_scale_factor))
        if each:
            self.__dict__["scale_factor"] = tuple(float(factor) for factor in scale_factor)

    def forward(self, input: Tensor) -> Tensor:
        if "scale_factor" not in self.__dict__:
            return super().forward(input)
        factors, again = self.__dict__["scale_factor"], self.recompute_scale_factor
        align = {"align_corners": True} if self.align_corners else {}
        resized: Tensor = _C.functional.interpolate(
            input, None, factors, mode=self.mode, recompute_scale_factor=again, **align
        )
        return resized

    def extra_repr(self) -> str:
        if "scale_factor" in self.__dict__:
            return f"scale_factor={self.__dict__['scale_factor']}, mode={self.mode!r}"
        return super().extra_repr()
