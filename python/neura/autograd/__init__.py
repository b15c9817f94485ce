"""Gradients: switches of recording, derivatives of any order, functions with gradients of one's own."""

from neura.autograd import anomaly_mode, forward_ad, function, functional, grad_mode, graph
from neura.autograd._derivatives import HookHandle, Variable, backward, grad, gradcheck, gradgradcheck
from neura.autograd.anomaly_mode import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from neura.autograd.function import Function, FunctionCtx, once_differentiable
from neura.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)

__all__ = [
    "Function",
    "FunctionCtx",
    "HookHandle",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "once_differentiable",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]
