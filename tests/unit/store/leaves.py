"""Which values of a JSON object its typed reading keeps: those that change it when they change."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]


def lost(document: dict[str, Any], parse: Callable[[Any], object]) -> set[str]:
    """Dotted paths of the values that ``parse`` does not look at; places in lists are ``*``."""
    before = parse(document)
    return {
        ".".join("*" if isinstance(step, int) else step for step in path)
        for path, value in _leaves(document)
        if all(_parsed(document, path, other, parse) == before for other in _others(value))
    }


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list) and value:
        for place, child in enumerate(value):
            yield from _leaves(child, (*path, place))
    else:
        yield path, value


def _others(value: Any) -> list[Any]:
    """Values of the same kind, of any kind where it is ``null`` or empty."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, str) and value:
        # Digests and chains stay hexadecimal.
        return [("0" if value[0] != "0" else "1") + value[1:]]
    keys = ("name", "code", "type", "level", "parameters", "cpus", "avx")
    known = dict.fromkeys(keys, "x") | {"only_cpuid": ["x"]}
    return ["x", 1, ["x"], [known], known]


def _parsed(
    document: dict[str, Any], path: Path, value: Any, parse: Callable[[Any], object]
) -> object:
    changed = copy.deepcopy(document)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    try:
        return parse(changed)
    except (KeyError, TypeError, ValueError):
        # Refused: it was looked at.
        return None
