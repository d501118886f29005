"""The types of an experiment file's own fields: frameworks, and sets of variables and of flags."""

from __future__ import annotations

import re
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from orchestrator import catalog
from orchestrator.yaml_files.fields import Strict, many, word
from orchestrator.yaml_files.text import WrittenInt


def _known_framework(name: str) -> str:
    return word(name, catalog.frameworks(), "framework")


def _variable(value: Any) -> Any:
    if isinstance(value, WrittenInt):
        return value.text
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("a variable's value is text: put it in quotes")
    return value


def _setting(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise ValueError("a single value is wanted here, not a list or mapping")
    return value


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
"""An environment variable's value; whole numbers need no quotes and stay as written."""


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
