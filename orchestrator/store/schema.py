"""The published JSON Schema of an observation, and checks against it."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator

from orchestrator.system.paths import runner_path

SOME = 20
"""Mistakes of one record that are looked at."""


def observation_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a stored observation."""
    text = resources.files(__package__).joinpath("observation.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def problem_with_stored(record: Any) -> str | None:
    """What is wrong with a stored record, or ``None``."""
    return _problem(_validator(None), record)


def problem_with_observed(record: Any) -> str | None:
    """What is wrong with a runner's record (the part that came from the machine), or ``None``."""
    return _problem(_validator("observed"), record)


def problem_with_fingerprint(document: Any) -> str | None:
    """What is wrong with a fingerprint (docs/formats.md, section 4), or ``None``."""
    return _problem(_fingerprint_validator(), document)


def _problem(validator: Draft202012Validator, record: Any) -> str | None:
    # A hostile record can break it in a million places; each would be an object of its own.
    some = islice(validator.iter_errors(record), SOME)
    errors = sorted(some, key=lambda error: list(map(str, error.path)))
    if not errors:
        return None
    where = "/".join(map(str, errors[0].path)) or "record"
    return f"{where}: {errors[0].message[:300]}"


@cache
def _fingerprint_validator() -> Draft202012Validator:
    path = runner_path() / "eqc_runner" / "probe" / "fingerprint.schema.json"
    return Draft202012Validator(json.loads(path.read_text("utf-8")))


@cache
def _validator(part: str | None) -> Draft202012Validator:
    schema = observation_schema()
    if part is None:
        return Draft202012Validator(schema)
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]})
