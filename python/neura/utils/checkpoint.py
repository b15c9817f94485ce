"""Computing again what backward needs, rather than keeping it."""

from collections.abc import Callable, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose operations keep nothing: it runs again when backward needs something of them.

    It must do the same both times. With preserve_rng_state, the second run gets the same random numbers. use_reentrant is
    taken for PyTorch's sake.
    """
    return _C._checkpoint(lambda: function(*args, **kwargs), preserve_rng_state)


def checkpoint_sequential(
    functions: Any, segments: int, input: Tensor, use_reentrant: bool | None = None, preserve_rng_state: bool = True
) -> Any:
    """The modules or functions one after the other, in so many segments, each but the last a checkpoint()."""
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    if not 1 <= segments <= max(len(steps), 1):
        raise ValueError(f"checkpoint_sequential: {len(steps)} functions cannot be cut into {segments} segments")
    size = len(steps) // segments

    def run(part: Sequence[Callable[..., Any]]) -> Callable[[Any], Any]:
        def through(value: Any) -> Any:
            for step in part:
                value = step(value)
            return value

        return through

    last = size * (segments - 1)
    value: Any = input
    for begin in range(0, last, size):
        value = checkpoint(run(steps[begin : begin + size]), value, preserve_rng_state=preserve_rng_state)
    return run(steps[last:])(value)
