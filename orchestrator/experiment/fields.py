"""The types of fields in an experiment file: one or many, known words, numbers with units."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from orchestrator import catalog
from orchestrator.experiment.mistakes import nearest
from orchestrator.experiment.text import expand


class Strict(BaseModel):
    """No unknown keys, no conversion between types, no infinities."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def many(value: Any) -> Any:
    """A single value as a list. Text is brace-expanded, as it is inside a list."""
    if isinstance(value, str):
        return expand(value)
    return value if isinstance(value, list) else [value]


def _known_framework(name: str) -> str:
    return word(name, catalog.frameworks(), "framework")


def word(value: str, valid: Any, kind: str) -> str:
    """``value`` if ``valid`` has it; else a PydanticCustomError that suggests the nearest one.

    ``kind`` says in the message what the value names, e.g. ``framework``.
    """
    if value not in valid:
        hint = nearest(value, valid)
        text = f"unknown {kind} '{value}'{hint}".replace("{", "{{").replace("}", "}}")
        raise PydanticCustomError("unknown_word", text)
    return value


def _variable(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("a variable's value is text: put it in quotes")
    return value


def _setting(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise ValueError("a single value is wanted here, not a list or mapping")
    return value


Many = BeforeValidator(many)
Words = Annotated[
    list[Annotated[str, MinLen(1)]],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=str | list[str]),
]
"""One word or a list of them."""

Framework = Annotated[
    str,
    AfterValidator(_known_framework),
    WithJsonSchema({"type": "string", "enum": list(catalog.frameworks())}),
]
Frameworks = Annotated[
    list[Framework],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=Framework | list[Framework]),
]
Count = Annotated[int, Field(ge=1)]
Setting = Annotated[
    Any,
    AfterValidator(_setting),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
"""A single value of any type."""
Variable = Annotated[str, BeforeValidator(_variable, json_schema_input_type=str | int)]
"""An environment variable's value; whole numbers need no quotes."""


class VariableSet(Strict):
    """Environment variables set together; ``on`` limits them to some frameworks."""

    model_config = ConfigDict(extra="allow")
    on: Frameworks | None = None
    __pydantic_extra__: dict[
        Annotated[str, Field(pattern=re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$"))], Variable
    ]


class FlagSet(Strict):
    """Flags of an adapter set together; ``on`` limits them to some frameworks."""

    model_config = ConfigDict(extra="allow")
    on: Frameworks | None = None
    __pydantic_extra__: dict[str, Setting]


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
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)")


def dollars(value: object) -> object:
    """``20`` or ``"20 USD"`` → US dollars. ValueError for text of any other form."""
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2] != "USD":
        raise ValueError("an amount is written like '20 USD'")
    return float(match[1])


def size_in_bytes(value: object) -> object:
    """``1073741824``, ``"4 GiB"`` or ``"500 MB"`` → bytes. ValueError for text of another form."""
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"a size is written like '4 GiB'; units: {', '.join(_UNITS)}")
    return int(Fraction(match[1]) * _UNITS[match[2]])


def fraction(value: object) -> object:
    """``0.5`` or ``"1/255"`` → the nearest double. ValueError for text of any other form."""
    if not isinstance(value, str):
        return value
    try:
        return float(Fraction(value.replace(" ", "")))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("a number, or a fraction like '1/255'") from error
