"""The types of an experiment file's own fields: frameworks, and sets of variables and of flags."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from orchestrator import catalog
from orchestrator.experiment.sweeps import MULTIPLICATIONS
from orchestrator.packages.pins import normal_requirement, parse_on
from orchestrator.yaml_files.fields import Strict, many, word
from orchestrator.yaml_files.text import WrittenInt


def _known_framework(text: str) -> str:
    installation = parse_on(text)
    word(installation.framework, catalog.frameworks(), "framework")
    return installation.label


def listed(value: Any) -> Any:
    """One value as a list of one. Braces stay as they are."""
    return value if isinstance(value, list) else [value]


def _variable(value: Any) -> Any:
    if isinstance(value, WrittenInt):
        return value.text
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("a variable's value is text: put it in quotes")
    return value


def _argument(value: Any) -> Any:
    if isinstance(value, list):
        if not value:
            raise ValueError("a sweep has at least one value; it is written like [1, 2]")
        return [_setting(each) for each in value]
    if not isinstance(value, dict):
        return _setting(value)
    counts = value.get(MULTIPLICATIONS)
    numbers = [counts] if isinstance(counts, (int, float)) else counts
    if list(value) != [MULTIPLICATIONS] or not isinstance(numbers, list) or not numbers:
        raise ValueError("a mapping is written like {multiplications: [1e3, 1e6]}")
    for each in numbers:
        if isinstance(each, bool) or not isinstance(each, (int, float)) or not 1 <= each < math.inf:
            raise ValueError("a number of multiplications is written like 1e6")
    return {MULTIPLICATIONS: numbers}


def _setting(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise ValueError("a single value is wanted here, not a list or mapping")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a finite number is wanted here")
    return value


Framework = Annotated[
    str,
    AfterValidator(_known_framework),
    WithJsonSchema(
        {
            "type": "string",
            "anyOf": [
                {"enum": list(catalog.frameworks())},
                {"pattern": f"^({'|'.join(map(re.escape, catalog.frameworks()))}) *[=<>!~]"},
            ],
        }
    ),
]
"""A framework's name, with a version (PEP 440) where one is wanted: ``onnxruntime==1.20.1``."""
Frameworks = Annotated[
    list[Framework],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=Framework | list[Framework]),
]
Requirements = Annotated[
    list[Annotated[str, AfterValidator(normal_requirement)]],
    MinLen(1),
    BeforeValidator(listed, json_schema_input_type=str | list[str]),
]
"""Packages (PEP 508), each in its normal form."""
Count = Annotated[int, Field(ge=1)]
Setting = Annotated[
    Any,
    AfterValidator(_setting),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
"""A single value of any type."""
_MULTIPLICATIONS = {
    "type": "object",
    "properties": {
        MULTIPLICATIONS: {
            "type": "array",
            "minItems": 1,
            "items": {"type": "number", "minimum": 1},
        }
    },
    "required": [MULTIPLICATIONS],
    "additionalProperties": False,
}
Argument = Annotated[
    Any,
    AfterValidator(_argument),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number", "boolean", "null"]},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": ["string", "number", "boolean", "null"]},
                },
                _MULTIPLICATIONS,
            ]
        }
    ),
]
"""A single value, several, or the size that follows from numbers of multiplications."""
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
