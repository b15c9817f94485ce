"""The recurrent layers of C++ with what programs for PyTorch ask of them besides."""

import warnings

from typing import Any

from neura import _C
from neura.nn.module import Module
from neura.nn.parameter import Parameter


def _all_weights(self: Module) -> list[list[Parameter]]:
    """The parameters of each direction of each layer."""
    named = self._parameters
    suffixes = [name.removeprefix("weight_ih") for name in named if name.startswith("weight_ih")]
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return [[named[kind + s] for kind in kinds if named.get(kind + s) is not None] for s in suffixes]


def _warn_of_dropout(layer: Any) -> None:
    if layer.dropout > 0 and layer.num_layers == 1:
        warnings.warn(
            "dropout follows each recurrent layer but the last one, so it does nothing with num_layers=1"
            f" (dropout={layer.dropout})",
            stacklevel=3,
        )


class RNN(_C.RNN):
    """h = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh) over [T, N, input_size]: (output, h_n)."""

    all_weights = property(_all_weights)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _warn_of_dropout(self)

    @property
    def mode(self) -> str:
        return f"RNN_{self.nonlinearity.upper()}"

    def flatten_parameters(self) -> None:
        """Nothing: parameters lie as they are read."""


class LSTM(_C.LSTM):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997) over [T, N, input_size]: (output, (h_n, c_n))."""

    all_weights = property(_all_weights)
    mode = "LSTM"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _warn_of_dropout(self)

    def flatten_parameters(self) -> None:
        """Nothing: parameters lie as they are read."""


class GRU(_C.GRU):
    """Gated recurrent units (Cho et al., 2014) over [T, N, input_size]: (output, h_n)."""

    all_weights = property(_all_weights)
    mode = "GRU"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _warn_of_dropout(self)

    def flatten_parameters(self) -> None:
        """Nothing: parameters lie as they are read."""
