"""JSON from a machine that is not trusted: any text gives a value or a ``ValueError``."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEEPEST = 32
"""Levels of nesting that are accepted. Records have six."""
LARGEST = 1 << 63
"""Bound of integers: tables store them as signed 64-bit numbers."""

_TOO_DEEP = f"nested more than {DEEPEST} deep"


def parse_json(text: bytes | str) -> Any:
    """The value in ``text``.

    Raises ``ValueError`` for text that is no JSON, and for values that some reader cannot hold: NaN
    and infinities, numbers beyond 64 bits, more than ``DEEPEST`` levels.
    """
    try:
        value = json.loads(
            text, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
        )
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if _is_deep(value):
        raise ValueError(_TOO_DEEP)
    return value


def _integer(digits: str) -> int:
    value = int(digits)
    if not -LARGEST <= value < LARGEST:
        raise ValueError("an integer beyond 64 bits")
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number beyond 64 bits")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
