"""The types of fields in files that people write: one or many, known words, amounts."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from orchestrator.yaml_files.mistakes import nearest
from orchestrator.yaml_files.text import expand


class Strict(BaseModel):
    """No unknown keys, no conversion between types, no infinities."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def many(value: Any) -> Any:
    """One word as a list of one; its braces are expanded as they are in a list."""
    if isinstance(value, str):
        return expand(value)
    return value if isinstance(value, list) else [value]


def word(value: str, valid: Any, kind: str) -> str:
    """``value`` if it is one of ``valid``; else an error that names the nearest."""
    if value not in valid:
        hint = nearest(value, valid)
        text = f"unknown {kind} '{value}'{hint}".replace("{", "{{").replace("}", "}}")
        raise PydanticCustomError("unknown_word", text)
    return value


Words = Annotated[
    list[Annotated[str, MinLen(1)]],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=str | list[str]),
]
"""One word or a list of them."""

Level = Literal["sse4", "avx", "avx2", "avx512"]
Levels = Annotated[
    list[Level], MinLen(1), BeforeValidator(many, json_schema_input_type=Level | list[Level])
]
"""Instruction sets that frameworks are held down to: platforms and filters both name them."""

_UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_FRACTION = re.compile(r"[-+0-9._]{1,40}(e[-+]?[0-9]{1,3})?(/[0-9]{1,40})?", re.IGNORECASE)
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)")


def dollars(value: object) -> object:
    """``20``, ``"20 USD"`` → US dollars. ValueError for another currency or no number."""
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2] != "USD":
        raise ValueError("an amount is written like '20 USD'")
    return float(match[1])


def size_in_bytes(value: object) -> object:
    """``1073741824``, ``"4 GiB"``, ``"500 MB"`` → bytes. ValueError for an unknown unit."""
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"a size is written like '4 GiB'; units: {', '.join(_UNITS)}")
    return int(Fraction(match[1]) * _UNITS[match[2]])


def fraction(value: object) -> object:
    """``0.5`` or ``"1/255"`` → the nearest double. ValueError where it is neither."""
    if not isinstance(value, str):
        return value
    # Of longer ones, and of large exponents, the exact value would take long to make.
    text = value.replace(" ", "")
    try:
        if _FRACTION.fullmatch(text):
            return float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    raise ValueError("a number, or a fraction like '1/255'")
