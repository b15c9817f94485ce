"""The recurrent layers of C++ with what programs for PyTorch ask of them besides."""

import warnings

from typing import Any

from neura import _C
from neura.nn.module import Module
from neura.nn.parameter import Parameter


class RNNBase(Module):
    """What RNN, LSTM and GRU add to the layers of C++ that they derive from."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout follows each recurrent layer but the last one, so it does nothing with num_layers=1"
                f" (dropout={self.dropout})",
                stacklevel=2,
            )

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each direction of each layer."""
        named = self._parameters
        suffixes = [name.removeprefix("weight_ih") for name in named if name.startswith("weight_ih")]
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        return [[named[kind + s] for kind in kinds if named.get(kind + s) is not None] for s in suffixes]

    def flatten_parameters(self) -> None:
        """Nothing: parameters lie as they are read."""


class RNN(RNNBase, _C.RNN):
    """h = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh) over [T, N, input_size]: (output, h_n)."""

    @property
    def mode(self) -> str:
        return f"RNN_{self.nonlinearity.upper()}"


class LSTM(RNNBase, _C.LSTM):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997) over [T, N, input_size]: (output, (h_n, c_n))."""

    mode = "LSTM"


class GRU(RNNBase, _C.GRU):
    """Gated recurrent units (Cho et al., 2014) over [T, N, input_size]: (output, h_n)."""

    mode = "GRU"
