"""What computed a row: its id, and what is told of rows that recorded less."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from orchestrator.model.experiment import Json, content_id
from orchestrator.results.record import SoftwareRecord

NOT_HASHED = ("id", "platform_packages")
"""Keys of a record's ``software`` that its id does not depend on."""


def software_id(software: dict[str, Json]) -> str:
    """The id of a record's ``software``, by the formula of the runner (docs/formats.md, 3)."""
    return content_id({key: software[key] for key in software if key not in NOT_HASHED})


def parse_software(value: Any) -> SoftwareRecord:
    """What a runner said. Raises ``ValueError`` where it is none, or of another id."""
    names = {field.name for field in fields(SoftwareRecord)}
    if not isinstance(value, dict) or not names >= value.keys() or "id" not in value:
        raise ValueError(f"not a runner's software: {str(value)[:200]}")
    if value["id"] != software_id(value):
        raise ValueError(f"the id {value['id']} is not that of what it says")
    return SoftwareRecord(**value)


@cache
def recorded_software(framework: str | None, version: str | None) -> SoftwareRecord:
    """The software of a row of schema 1, by the name and version that it recorded.

    Not known where it recorded no version.
    """
    if not framework or not version:
        return SoftwareRecord()
    told: dict[str, Json] = {"framework": framework, "version": version, "packages": {}}
    known = software_id({**told, "python": None, "runner": None})
    return SoftwareRecord(known, framework, version)
