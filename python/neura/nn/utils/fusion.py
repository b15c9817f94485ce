"""Layers in evaluation joined into one."""

import copy

from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn.module import Module
from neura.nn.parameter import Parameter


def _fused(
    weight: Tensor, bias: Tensor | None, mean: Tensor, var: Tensor, eps: float, norm: tuple[Any, Any], channel_dim: int
) -> tuple[Parameter, Parameter]:
    fused = _C.nn_weights.fuse_norm(weight.detach(), _detached(bias), mean, var, eps, *map(_detached, norm), channel_dim)
    trained = weight.requires_grad, weight.requires_grad if bias is None else bias.requires_grad
    return Parameter(fused[0], trained[0]), Parameter(fused[1], trained[1])


def _detached(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach()


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution that does what it and a batch norm in evaluation after it do."""
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, (bn_w, bn_b), 1 if transpose else 0)


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """The same of a linear map."""
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, (bn_w, bn_b), 0)


def _fuse_eval(layer: Any, bn: Any, channel_dim: int) -> Any:
    if layer.training or bn.training:
        raise ValueError("fusion is for layers in evaluation: call eval() first")
    fused = copy.deepcopy(layer)
    norm = (bn.weight, bn.bias)
    fused.weight, fused.bias = _fused(
        layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, norm, channel_dim
    )
    return fused


def fuse_conv_bn_eval(conv: Module, bn: Module, transpose: bool = False) -> Any:
    """A convolution that does what `conv` and then `bn` do, both in evaluation."""
    return _fuse_eval(conv, bn, 1 if transpose else 0)


def fuse_linear_bn_eval(linear: Module, bn: Module) -> Any:
    """A linear map that does what `linear` and then `bn` do, both in evaluation."""
    return _fuse_eval(linear, bn, 0)
