"""The pools of C++ that take more in Python."""

from typing import Any

from neura import _C
from neura._C import Tensor


def _size(ratios: tuple[float, ...], input: Tensor) -> list[int]:
    extents = input.shape[-len(ratios) :]
    return [int(extent * ratio) for extent, ratio in zip(extents, ratios)]


class _OfRatios(_C.Module):
    """With a part of the input's extents for each dimension, which C++ takes one for all of."""

    def _init_ratios(self, layer: Any, dims: int, kernel_size: Any, output_size: Any, ratio: Any, indices: bool) -> None:
        each = isinstance(ratio, (tuple, list))
        if each and (len(ratio) != dims or not all(0 < part < 1 for part in ratio) or output_size is not None):
            raise ValueError(
                f"{type(self).__name__}: output_ratio = {ratio} must be {dims} numbers between 0 and 1, without output_size"
            )
        layer.__init__(self, kernel_size, output_size, 0.5 if each else ratio, indices)
        if each:
            self.__dict__["output_ratio"] = tuple(float(part) for part in ratio)

    def _call(self, layer: Any, function: Any, input: Tensor) -> Any:
        ratios = self.__dict__.get("output_ratio")
        if ratios is None:
            return layer.forward(self, input)
        return function(input, self.kernel_size, _size(ratios, input), return_indices=self.return_indices)


class FractionalMaxPool2d(_OfRatios, _C.FractionalMaxPool2d):
    """Largest elements of output_size windows at random places of [N, C, H, W]."""

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False
    ) -> None:
        self._init_ratios(_C.FractionalMaxPool2d, 2, kernel_size, output_size, output_ratio, return_indices)

    def forward(self, input: Tensor) -> Any:
        return self._call(_C.FractionalMaxPool2d, _C.functional.fractional_max_pool2d, input)


class FractionalMaxPool3d(_OfRatios, _C.FractionalMaxPool3d):
    """Largest elements of output_size windows at random places of [N, C, D, H, W]."""

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False
    ) -> None:
        self._init_ratios(_C.FractionalMaxPool3d, 3, kernel_size, output_size, output_ratio, return_indices)

    def forward(self, input: Tensor) -> Any:
        return self._call(_C.FractionalMaxPool3d, _C.functional.fractional_max_pool3d, input)
