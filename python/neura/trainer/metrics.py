"""Metrics that are computed over many batches."""

from typing import Any

from neura import _C
from neura._C import Tensor


class Metric:
    """Predictions of classes are scores [N, classes, ...], of which the highest counts, or integers [N, ...]; targets are integers
    [N, ...]."""

    _cpp: Any

    def update(self, preds: Tensor, target: Tensor | None = None) -> None:
        """Counts a batch. Nothing is counted where it is refused."""
        self._cpp.update(preds, target)

    def compute(self) -> Tensor:
        """Over all since the beginning or reset(), float64; NaN where nothing was counted."""
        result: Tensor = self._cpp.compute()
        return result

    def reset(self) -> None:
        """Begins anew."""
        self._cpp.reset()


class Accuracy(Metric):
    """The share of targets among the top_k classes with the highest scores."""

    def __init__(self, top_k: int = 1, ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.Accuracy(top_k, ignore_index)


class Precision(Metric):
    """Of what was predicted as a class, the share that is of it. average: "macro", "micro", "weighted" or "none"."""

    def __init__(self, num_classes: int, average: str = "macro", ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.Precision(num_classes, average, ignore_index)


class Recall(Metric):
    """Of what is of a class, the share that was predicted as it. average as for Precision."""

    def __init__(self, num_classes: int, average: str = "macro", ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.Recall(num_classes, average, ignore_index)


class F1Score(Metric):
    """The harmonic mean of precision and recall. average as for Precision."""

    def __init__(self, num_classes: int, average: str = "macro", ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.F1Score(num_classes, average, ignore_index)


class ConfusionMatrix(Metric):
    """How often each class, the row, was predicted as each, the column: int64 [num_classes, num_classes]."""

    def __init__(self, num_classes: int, ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.ConfusionMatrix(num_classes, ignore_index)


class MeanIoU(Metric):
    """The mean over classes of intersection over union of what is and what was predicted of it."""

    def __init__(self, num_classes: int, ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.MeanIoU(num_classes, ignore_index)


class AUROC(Metric):
    """The area under the receiver operating characteristic of scores [N] of targets 0 or 1, all of which are kept."""

    def __init__(self) -> None:
        self._cpp = _C.trainer.AUROC()


class Perplexity(Metric):
    """exp of the mean negative log probability of the targets, given logits [N, classes, ...]."""

    def __init__(self, ignore_index: int | None = None) -> None:
        self._cpp = _C.trainer.Perplexity(ignore_index)


class MeanMetric(Metric):
    """The mean of values, each with a weight, or 1."""

    def __init__(self) -> None:
        self._cpp = _C.trainer.MeanMetric()
