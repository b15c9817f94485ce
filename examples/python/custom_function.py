#!/usr/bin/env python3
"""A function with a gradient of its own: a step that passes gradients straight through."""

from typing import Any

import neura as nr
from neura.autograd import Function, gradcheck


class RoundStraightThrough(Function):
    """Rounds going forward; going back, as if it had not."""

    @staticmethod
    def forward(ctx: Any, x: nr.Tensor) -> nr.Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: Any, grad: nr.Tensor) -> nr.Tensor:
        return grad


class Cube(Function):
    """x^3, with what its gradient needs saved."""

    @staticmethod
    def forward(ctx: Any, x: nr.Tensor) -> nr.Tensor:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, grad: nr.Tensor) -> nr.Tensor:
        x: nr.Tensor = ctx.saved_tensors[0]
        return 3 * x * x * grad


def main() -> None:
    x = nr.tensor([0.2, 1.7, -2.4], requires_grad=True)
    y = RoundStraightThrough.apply(x)
    (y * nr.tensor([1.0, 2.0, 3.0])).sum().backward()
    print("rounded ", y)
    print("gradient", x.grad)

    points = nr.randn(4, dtype=nr.float64, requires_grad=True)
    print("the gradient of Cube agrees with differences:", gradcheck(Cube.apply, [points]))


if __name__ == "__main__":
    main()
