"""What a stored observation says of its software and settings, as named values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.analysis.hardware.fingerprint_attributes import Named
from orchestrator.analysis.observations.session_row import text
from orchestrator.results.explanation import AttributeValue, Kind

ABSENT = {"env": "unset", "isa": "none", "library": "none", "setting": "unset"}
"""Sorts of attributes (the first word of their names) that a platform lists in full or not at
all, and the value of one that it does not list."""


def sort_of(name: str) -> str | None:
    """The key of ``ABSENT`` that the attribute ``name`` falls under."""
    first = name.split(" ", 1)[0]
    return first if first in ABSENT and " " in name else None


def listed_sorts(record: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> frozenset[str]:
    """The sorts that this platform lists: what is not on its list is known to be absent."""
    framework = record.get("framework") or {}
    lists = {
        "env": fingerprint.get("environment"),
        "isa": framework.get("isa"),
        "library": framework.get("libraries"),
        "setting": (record.get("variant") or {}).get("flags"),
    }
    return frozenset(sort for sort, value in lists.items() if isinstance(value, Mapping))


def record_attributes(record: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> Named:
    """Framework, libraries, chosen instruction sets, threads, settings and environment."""
    framework = record.get("framework") or {}
    machine = record.get("machine") or {}
    variant = record.get("variant") or {}
    image = machine.get("image") or {}
    named: Named = {
        "framework": (Kind.SOFTWARE, framework.get("name") or variant.get("framework")),
        "framework version": (Kind.SOFTWARE, framework.get("version")),
        "image": (Kind.SOFTWARE, image.get("digest")),
        "isolation": (Kind.SOFTWARE, machine.get("isolation")),
        "device": (Kind.GPU, framework.get("device") or variant.get("device")),
        "masked": (Kind.VENDOR, text(machine.get("masked")) or "no"),
        "provider": (Kind.IDENTITY, (record.get("platform") or {}).get("provider")),
    }
    named |= _entries("isa", Kind.ISA, framework.get("isa"))
    named |= _entries("threads", Kind.THREADS, framework.get("threads"))
    named |= _entries("library", Kind.SOFTWARE, framework.get("libraries"))
    named |= _settings(variant)
    environment = fingerprint.get("environment")
    if isinstance(environment, Mapping) or variant.get("environment"):
        variables = {**(environment or {}), **(variant.get("environment") or {})}
        named |= _entries("env", Kind.ENVIRONMENT, variables)
    return named


def _entries(word: str, kind: Kind, value: Any) -> Named:
    if isinstance(value, Mapping):
        return {f"{word} {key}": (kind, _scalar(item)) for key, item in value.items()}
    return {word: (kind, _scalar(value))} if value is not None else {}


def _scalar(value: Any) -> AttributeValue:
    return value if value is None or isinstance(value, str | int) else text(value)


def _settings(variant: Mapping[str, Any]) -> Named:
    """Settings of the variant; they differ only where several variants are compared."""
    threads, batch = variant.get("threads"), variant.get("batch")
    named: Named = {
        "threads asked for": (Kind.THREADS, "default" if threads is None else threads),
        "batch": (Kind.ENVIRONMENT, "default" if batch is None else batch),
        "precision": (Kind.ENVIRONMENT, variant.get("precision")),
    }
    return named | _entries("setting", Kind.ENVIRONMENT, variant.get("flags") or {})
