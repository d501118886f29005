"""The types of fields in an experiment file: one or many, words of a known set, settings."""

from __future__ import annotations

import re
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
    """One word as a list of one; its braces are expanded as they are in a list."""
    if isinstance(value, str):
        return expand(value)
    return value if isinstance(value, list) else [value]


def _known_framework(name: str) -> str:
    return word(name, catalog.frameworks(), "framework")


def word(value: str, valid: Any, kind: str) -> str:
    """``value`` if it is one of ``valid``; else an error that names the nearest."""
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
