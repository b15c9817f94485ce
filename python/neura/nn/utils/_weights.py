"""Weights that a hook makes from other parameters before each call of their module."""

from typing import Any

from neura import _C
from neura._C import Tensor
from neura.autograd import no_grad
from neura.nn.module import Module
from neura.nn.parameter import Parameter


class _WeightHook:
    """Puts what compute(module) gives in the place of the parameter `name` before each call."""

    kind = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def compute(self, module: Any) -> Tensor:
        raise NotImplementedError

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute(module))

    def attach(self, module: Module, parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> None:
        """Registers what the weight is made from in its place."""
        for hook in module.__dict__.get("_forward_pre_hooks", {}).values():
            if isinstance(hook, type(self)) and hook.name == self.name:
                raise RuntimeError(f"two {self.kind} hooks for the parameter {self.name} of one module")
        delattr(module, self.name)
        for name, value in parameters.items():
            module.register_parameter(self.name + name, value if isinstance(value, Parameter) else Parameter(value))
        for name, value in buffers.items():
            module.register_buffer(self.name + name, value)
        setattr(module, self.name, self.compute(module))
        module.register_forward_pre_hook(self)

    @classmethod
    def detach(cls, module: Module, name: str, parts: tuple[str, ...]) -> None:
        """Makes the weight a parameter again."""
        hooks = module.__dict__.get("_forward_pre_hooks", {})
        for key, hook in list(hooks.items()):
            if not isinstance(hook, cls) or hook.name != name:
                continue
            with no_grad():
                weight = hook.final(module)
            for part in parts:
                delattr(module, name + part)
            if name in module.__dict__:
                delattr(module, name)
            module._set_parameter(name, Parameter(weight.detach()))
            del hooks[key]
            _C._count_hooks(-1)
            return
        raise ValueError(f"{cls.kind} of '{name}' not found in {module!r}")

    def final(self, module: Any) -> Tensor:
        return self.compute(module)


class WeightNorm(_WeightHook):
    kind = "weight_norm"

    def __init__(self, name: str, dim: int | None) -> None:
        super().__init__(name)
        self.dim = dim

    def compute(self, module: Any) -> Tensor:
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        weight: Tensor = _C.nn_weights.weight_norm(v, g, self.dim)
        return weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Makes the weight g * v / |v| of the new parameters name_g and name_v, with norms over all dimensions but dim, before
    each call. Salimans and Kingma, 2016 (arXiv:1602.07868)."""
    dim = None if dim is None or dim == -1 else dim
    weight = getattr(module, name)
    g = _C.nn_weights.norm_except_dim(weight.detach(), dim)
    WeightNorm(name, dim).attach(module, {"_g": g, "_v": weight.detach()}, {})
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Makes the weight a parameter again."""
    WeightNorm.detach(module, name, ("_g", "_v"))
    return module


class SpectralNorm(_WeightHook):
    kind = "spectral_norm"

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(f"spectral_norm: n_power_iterations must be positive, not {n_power_iterations}")
        super().__init__(name)
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute(self, module: Any, iterations: int | None = None) -> Tensor:
        weight, u, v = (getattr(module, self.name + part) for part in ("_orig", "_u", "_v"))
        if iterations is None:
            iterations = self.n_power_iterations if module.training else 0
        normed: Tensor = _C.nn_weights.spectral_norm(weight, u, v, iterations, self.eps, self.dim)
        return normed

    def final(self, module: Any) -> Tensor:
        return self.compute(module, 0)


def start_vectors(weight: Tensor, dim: int, eps: float) -> tuple[Tensor, Tensor]:
    """Random unit vectors for the rows and columns of the matrix that a weight is."""
    rows = weight.shape[dim]

    def unit(count: int) -> Tensor:
        vector = weight.new_empty(count).normal_()
        return vector / vector.norm().clamp_min(eps)

    return unit(rows), unit(weight.numel() // rows)


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Makes the weight name_orig over its greatest singular value before each call, by the power method, whose vectors are
    the buffers name_u and name_v. Miyato et al., 2018 (arXiv:1802.05957)."""
    if dim is None:
        dim = 1 if isinstance(module, (_C.ConvTranspose1d, _C.ConvTranspose2d, _C.ConvTranspose3d)) else 0
    weight = getattr(module, name)
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    u, v = start_vectors(weight.detach(), dim, eps)
    hook.attach(module, {"_orig": weight}, {"_u": u, "_v": v})
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Makes the weight a parameter again."""
    SpectralNorm.detach(module, name, ("_orig", "_u", "_v"))
    return module
