"""Tuples, lists and dicts of values, taken apart and put together again."""

from collections.abc import Callable
from typing import Any


class Leaf:
    """Where a value stands."""


LEAF = Leaf()


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """The values of a tree, and its form: the tree with LEAF in the place of each value."""
    leaves: list[Any] = []

    def form(node: Any) -> Any:
        children = _children(node)
        if children is None:
            leaves.append(node)
            return LEAF
        return _rebuilt(node, [form(child) for child in children])

    return leaves, form(tree)


def unflatten(leaves: Any, form: Any) -> Any:
    """The tree of that form with these values."""
    values = iter(leaves)

    def build(node: Any) -> Any:
        if node is LEAF:
            return next(values)
        return _rebuilt(node, [build(child) for child in _children(node) or ()])

    return build(form)


def spread(prefix: Any, form: Any, accept: Callable[[Any], bool], what: str) -> list[Any]:
    """One value for each leaf of a form, of a tree whose values may stand for all that is below them."""
    found: list[Any] = []

    def visit(given: Any, node: Any) -> None:
        if accept(given):
            found.extend([given] * len(flatten(node)[0]))
            return
        below, children = _children(given), _children(node)
        if below is None or children is None or len(below) != len(children):
            raise ValueError(f"{what} does not have the form of what it is for: {given!r}")
        for part, child in zip(below, children):
            visit(part, child)

    visit(prefix, form)
    return found


def _children(node: Any) -> list[Any] | None:
    if isinstance(node, (tuple, list)):
        return list(node)
    return list(node.values()) if isinstance(node, dict) else None


def _rebuilt(node: Any, children: list[Any]) -> Any:
    if isinstance(node, dict):
        return type(node)(zip(node, children))
    if hasattr(node, "_fields"):
        return type(node)(*children)
    return type(node)(children)
