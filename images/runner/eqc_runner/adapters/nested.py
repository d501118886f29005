"""What a model returns, taken apart: tuples, lists and mappings in one another, one output a leaf.

A leaf is named by its path, e.g. ``1.0`` for the first element of the second, ``logits`` for the
value of that key. Nothing is stacked or joined, so that each output keeps its dtype and shape.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Iterator, Mapping

from eqc_runner.tensor import Tensor, Unrecorded

MOST = 1000
"""Leaves that are recorded of one output; a longer sequence is listed as one ``Unrecorded``."""


class _Empty:
    """In place of the values of a sequence or mapping that has none."""


def leaves(
    value: Any, tensor_of: Callable[[Any], Tensor | Unrecorded], path: str = ""
) -> list[tuple[str, Tensor | Unrecorded]]:
    """The leaves of ``value`` by their paths, in order; a mapping's by its own order of keys.

    ``tensor_of`` makes the tensor of a leaf, or says why there is none. ``None`` is a leaf, and so
    is a sequence or mapping that holds nothing. Of leaves whose paths are one text, since a key
    has a dot, the second is called ``a.b#2``.
    """
    found: list[tuple[str, Tensor | Unrecorded]] = []
    given: Counter[str] = Counter()
    for name, leaf in _walk(value, path):
        given[name] += 1
        if given[name] > 1:
            name = f"{name}#{given[name]}"  # noqa: PLW2901
        if len(found) == MOST:
            return [(path, Unrecorded(f"more than {MOST} values in one another"))]
        found.append((name, _NOTHING.get(type(leaf)) or tensor_of(leaf)))
    return found


_NOTHING = {
    type(None): Unrecorded("the model returned None here"),
    _Empty: Unrecorded("it is a sequence or mapping of nothing"),
}


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, (tuple, list)):
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        yield path, value
        return
    if not items:
        yield path, _Empty()
    for name, item in items:
        yield from _walk(item, f"{path}.{name}" if path else name)
