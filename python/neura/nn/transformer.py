"""Transformers as modules of Python, whose parts may be replaced and hooked; C++ has its own (nn/transformer.h)."""

import copy

from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn import functional, init
from neura.nn.attention import MultiheadAttention
from neura.nn.containers import ModuleList
from neura.nn.module import Module

_Activation = str | Callable[[Any], Any]


def _activation(given: _Activation) -> Callable[[Any], Any]:
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation must be 'relu', 'gelu' or a callable, not {given!r}")
    functions: dict[str, Callable[[Any], Any]] = {"relu": functional.relu, "gelu": functional.gelu}
    return functions[given]


def _copies(module: Module, count: int) -> ModuleList:
    if not isinstance(module, Module):
        raise TypeError(f"a stack of layers needs a layer that is a Module, not {type(module).__name__}")
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


class _Layer(Module):
    """What both kinds of layers have: attentions, and two linear maps after them."""

    _attentions: tuple[str, ...]
    activation: Callable[[Any], Any]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: _Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        like = {"device": device, "dtype": dtype}
        for name in self._attentions:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **like))
        self.linear1 = _C.Linear(d_model, dim_feedforward, bias, **like)
        self.dropout = _C.Dropout(dropout)
        self.linear2 = _C.Linear(dim_feedforward, d_model, bias, **like)
        self.norm_first = norm_first
        steps = range(1, len(self._attentions) + 2)
        for i in steps:
            setattr(self, f"norm{i}", _C.LayerNorm(d_model, layer_norm_eps, bias=bias, **like))
        for i in steps:
            setattr(self, f"dropout{i}", _C.Dropout(dropout))
        self.activation = _activation(activation)

    def _ff_block(self, x: Tensor) -> Any:
        last = getattr(self, f"dropout{len(self._attentions) + 1}")
        return last(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def _sa_block(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False
    ) -> Any:
        attended = self.self_attn(
            x, x, x, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=False, is_causal=is_causal
        )[0]
        return self.dropout1(attended)


class TransformerEncoderLayer(_Layer):
    """Attention to itself, then two linear maps with an activation between them, each added to what it reads and
    normalized: [S, N, d_model], with batch_first [N, S, d_model], or without N. Vaswani et al., 2017 (arXiv:1706.03762)."""

    _attentions = ("self_attn",)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        """Masks as MultiheadAttention has them."""
        masks = (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = src + self._sa_block(self.norm1(src), *masks)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(src + self._sa_block(src, *masks))
        return self.norm2(x + self._ff_block(x))


class TransformerDecoderLayer(_Layer):
    """The same with attention to a memory between the two: tgt [T, N, d_model], memory [S, N, d_model]."""

    _attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """Masks as MultiheadAttention has them."""
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = tgt + self._sa_block(self.norm1(tgt), *own)
            x = x + self._mha_block(self.norm2(x), *other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(tgt + self._sa_block(tgt, *own))
        x = self.norm2(x + self._mha_block(x, *other))
        return self.norm3(x + self._ff_block(x))

    def _mha_block(
        self,
        x: Tensor,
        mem: Tensor,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Any:
        attended = self.multihead_attn(
            x, mem, mem, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=False, is_causal=is_causal
        )[0]
        return self.dropout2(attended)


class TransformerEncoder(Module):
    """num_layers copies of a layer one after the other, and a norm at the end where one is given."""

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Any:
        """Masks as MultiheadAttention has them."""
        causal = {"is_causal": True} if is_causal else {}
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, src_key_padding_mask=src_key_padding_mask, **causal)
        return output if self.norm is None else self.norm(output)


class TransformerDecoder(Module):
    """num_layers copies of a layer one after the other, and a norm at the end where one is given."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Masks as MultiheadAttention has them."""
        causal = {"tgt_is_causal": tgt_is_causal, "memory_is_causal": memory_is_causal}
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                **{name: True for name, value in causal.items() if value},
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of src [S, N, d_model], whose result is the memory of a decoder of tgt [T, N, d_model]; with batch_first
    [N, ...]. Vaswani et al., 2017 (arXiv:1706.03762)."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: _Activation = "relu",
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        like = {"device": device, "dtype": dtype}
        each = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)

        def norm() -> Module:
            return _C.LayerNorm(d_model, layer_norm_eps, bias=bias, **like)

        self.encoder = (
            TransformerEncoder(TransformerEncoderLayer(*each, **like), num_encoder_layers, norm())
            if custom_encoder is None
            else custom_encoder
        )
        self.decoder = (
            TransformerDecoder(TransformerDecoderLayer(*each, **like), num_decoder_layers, norm())
            if custom_decoder is None
            else custom_decoder
        )
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first
        self._reset_parameters()

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Masks as MultiheadAttention has them."""
        batch = 0 if self.batch_first else 1
        if src.ndim != tgt.ndim or (src.ndim == 3 and src.shape[batch] != tgt.shape[batch]):
            raise RuntimeError(f"Transformer: src, {tuple(src.shape)}, and tgt, {tuple(tgt.shape)}, must have the same batches")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"Transformer: src, {tuple(src.shape)}, and tgt, {tuple(tgt.shape)}, must have the last dimension"
                f" d_model = {self.d_model}"
            )
        causal = {"tgt_is_causal": tgt_is_causal, "memory_is_causal": memory_is_causal}
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            **({"is_causal": True} if src_is_causal else {}),
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            **{name: True for name, value in causal.items() if value},
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """-infinity above the diagonal of a [sz, sz] matrix and 0 elsewhere: nothing attends to what is later."""
        full = _C.full((sz, sz), -float("inf"), dtype=dtype, device="cpu" if device is None else device)
        return full.triu(1)

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)
