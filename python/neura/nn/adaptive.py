"""Adaptive softmax as a module of Python, whose layers may be replaced; C++ computes it (nn/adaptive_softmax.h)."""

import collections
from collections.abc import Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn.containers import ModuleList, Sequential
from neura.nn.module import Module

_ASMoutput = collections.namedtuple("_ASMoutput", ["output", "loss"])


class AdaptiveLogSoftmaxWithLoss(Module):
    """(output, loss) of (input [N, in_features], target [N]): the logarithm of each target's probability, and minus their mean, where
    classes are many and sorted by their frequency. Those below cutoffs[0] are told by the head, the others cluster by cluster.
    Grave et al., 2017 (arXiv:1609.04309)."""

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        given = list(cutoffs)
        widths = _C.nn_weights.adaptive_softmax_widths(in_features, n_classes, given, div_value)
        like = {"device": device, "dtype": dtype}
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = given[0]
        self.n_clusters = len(given)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = _C.Linear(in_features, self.head_size, head_bias, **like)
        self.tail = ModuleList()
        for hidden, start, end in zip(widths, given, self.cutoffs[1:]):
            first, second = _C.Linear(in_features, hidden, False, **like), _C.Linear(hidden, end - start, False, **like)
            self.tail.append(Sequential(first, second))

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def _weights(self) -> tuple[Any, ...]:
        tail = [layer.weight for cluster in self.tail for layer in cluster]
        return self.head.weight, self.head.bias, tail, self.cutoffs

    def forward(self, input: Tensor, target: Tensor) -> Any:
        """Also of one input [in_features] and a target without dimensions."""
        return _ASMoutput(*_C.nn_weights.adaptive_log_softmax(input, target, *self._weights()))

    def log_prob(self, input: Tensor) -> Tensor:
        """The logarithms of all probabilities: [N, in_features] to [N, n_classes]."""
        result: Tensor = _C.nn_weights.adaptive_log_prob(input, *self._weights())
        return result

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row, [N]."""
        return self.log_prob(input).argmax(1)
