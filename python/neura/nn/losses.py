"""The losses of C++ with what Python adds to them."""

from collections.abc import Callable, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn import functional
from neura.nn.module import Module


def _lengths(given: Tensor | Sequence[int]) -> Tensor:
    return given if isinstance(given, Tensor) else _C.tensor(given, dtype=_C.int64)


class CTCLoss(_C.CTCLoss):
    """-log of the probability of each target sequence, over all its alignments with log_probs [T, N, C] (Graves et al.,
    2006)."""

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """Lengths are integers or a tensor of them."""
        return super().forward(log_probs, targets, _lengths(input_lengths), _lengths(target_lengths))


class TripletMarginWithDistanceLoss(Module):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) for a distance d, by default pairwise_distance (Balntas et
    al., 2016)."""

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.distance_function = _C.PairwiseDistance() if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap
        self.reduction = reduction

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Any:
        return functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
