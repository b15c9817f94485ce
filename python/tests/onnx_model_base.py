"""How a model of onnx_models.py is declared: what builds it, its inputs, and what of them is open."""

from typing import Any, Callable, NamedTuple

import neura as nr


class Model(NamedTuple):
    build: Callable[[], Any]
    inputs: Callable[..., Any]  # of sizes by their names
    axes: dict  # as dynamic_axes has them
    sizes: list  # the first is the example's
    since: int  # the operator set that has what it needs


MODELS: dict[str, Model] = {}


def model(inputs, axes, *sizes, since=13):
    """Adds a function that builds a model, or a class."""

    def add(build):
        MODELS[build.__name__] = Model(build, inputs, axes, list(sizes), since)
        return build

    return add


def images(size=32, channels=3):
    """Of a fixed size, any number of them."""
    return model(
        lambda batch: (nr.randn(batch, channels, size, size),),
        {"input": {0: "batch"}},
        {"batch": 2},
        {"batch": 1},
        {"batch": 5},
    )


def open_images(height=12, width=10, channels=3):
    """Of any size."""
    return model(
        lambda batch, height, width: (nr.randn(batch, channels, height, width),),
        {"input": {0: "batch", 2: "height", 3: "width"}},
        {"batch": 2, "height": height, "width": width},
        {"batch": 1, "height": height + 5, "width": width + 4},
        {"batch": 3, "height": height * 2, "width": width * 3},
    )


def vectors(width):
    return model(
        lambda batch: (nr.randn(batch, width),), {"input": {0: "batch"}}, {"batch": 2}, {"batch": 1}, {"batch": 6}
    )


def tokens(vocabulary=20, since=13):
    return model(
        lambda batch, length: (nr.randint(0, vocabulary, (batch, length)),),
        {"input": {0: "batch", 1: "length"}},
        {"batch": 2, "length": 5},
        {"batch": 1, "length": 1},
        {"batch": 3, "length": 9},
        since=since,
    )
