"""Attention as a module of Python, whose parts may be replaced; C++ computes it (nn/attention.h)."""

from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn import init
from neura.nn.module import Module
from neura.nn.parameter import Parameter


class NonDynamicallyQuantizableLinear(_C.Linear):
    """A Linear by the name that PyTorch prints for the projection of attention."""


class MultiheadAttention(Module):
    """softmax(q k.T / sqrt(embed_dim / num_heads)) v of projections of query [L, N, embed_dim], key [S, N, kdim] and value
    [S, N, vdim], for each head; with batch_first [N, L, ...]. Vaswani et al., 2017 (arXiv:1706.03762).

    Gives (output, weights), None in the place of weights that are not needed.
    """

    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads != 0:
            raise ValueError(
                f"MultiheadAttention: embed_dim and num_heads must be positive and embed_dim a multiple of num_heads,"
                f" got embed_dim={embed_dim} and num_heads={num_heads}"
            )
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn

        def weight(*shape: int) -> Parameter:
            return Parameter(_C.empty(*shape, dtype=dtype, device="cpu" if device is None else device))

        same = self._qkv_same_embed_dim
        self.register_parameter("in_proj_weight", weight(3 * embed_dim, embed_dim) if same else None)
        for name, columns in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            self.register_parameter(f"{name}_proj_weight", None if same else weight(embed_dim, columns))
        self.register_parameter("in_proj_bias", weight(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device=device, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, weight(1, 1, embed_dim) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if (parameter := getattr(self, name)) is not None:
                init.xavier_uniform_(parameter)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for parameter in (self.bias_k, self.bias_v):
            if parameter is not None:
                init.xavier_normal_(parameter)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Masks are bool and true where may not be attended to, or are added to the scores: key_padding_mask [N, S],
        attn_mask [L, S] or [N * num_heads, L, S]. is_causal without an attn_mask lets nothing attend to what is later."""
        result: tuple[Tensor, Tensor | None] = _C.functional.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            self.training,
            key_padding_mask,
            need_weights,
            attn_mask,
            not self._qkv_same_embed_dim,
            self.q_proj_weight,
            self.k_proj_weight,
            self.v_proj_weight,
            None,
            None,
            average_attn_weights,
            is_causal,
            self.batch_first,
        )
        return result
