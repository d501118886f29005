"""What a stored observation says of its software and settings, as named values."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.analysis.hardware.fingerprint_attributes import Named
from orchestrator.analysis.layers.kernel_words import contractions
from orchestrator.analysis.observations.session_row import text
from orchestrator.model.experiment import Json, Scalar
from orchestrator.results.explanation import AttributeValue, Kind
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import MemberRecord, Observation

ABSENT = {"env": "unset", "isa": "none", "library": "none", "setting": "unset"}
"""Sorts of attributes (the first word of their names) that a platform lists in full or not at
all, and the value of one that it does not list."""

MASKED, UNMASKED = "masked", "no"


def sort_of(name: str) -> str | None:
    """The key of ``ABSENT`` that the attribute ``name`` falls under."""
    first = name.split(" ", 1)[0]
    return first if first in ABSENT and " " in name else None


def listed_sorts(record: Observation, fingerprint: Fingerprint) -> frozenset[str]:
    """The sorts that this platform lists: what is not on its list is known to be absent."""
    lists = {
        "env": fingerprint.environment,
        "isa": record.framework.isa,
        "library": record.framework.libraries,
        "setting": record.variant.flags,
    }
    return frozenset(sort for sort, value in lists.items() if isinstance(value, Mapping))


def value_of(name: str, named: Named, listed: frozenset[str]) -> AttributeValue:
    """The value of an attribute on a platform with these ``named`` and ``listed_sorts``."""
    if name in named:
        return named[name][1]
    sort = sort_of(name)
    return ABSENT[sort] if sort in listed and sort is not None else None


def record_attributes(record: Observation, fingerprint: Fingerprint) -> Named:
    """Framework, libraries, chosen instruction sets, threads, settings and environment."""
    framework, machine, variant = record.framework, record.machine, record.variant
    named: Named = {
        "framework": (Kind.SOFTWARE, framework.name or variant.framework),
        "framework version": (Kind.SOFTWARE, framework.version),
        "image": (Kind.IDENTITY, machine.image.digest),
        "isolation": (Kind.IDENTITY, machine.isolation),
        "provider": (Kind.IDENTITY, record.platform.provider),
    }
    named |= _entries("isa", Kind.ISA, framework.isa)
    named |= _entries("kernel", Kind.KERNEL, contractions(record))
    named |= _entries("threads", Kind.THREADS, framework.threads)
    named |= _entries("library", Kind.SOFTWARE, framework.libraries)
    named |= setting_attributes(record)
    if isinstance(record.platform, MemberRecord):
        named |= {name: (Kind.SOFTWARE, value) for name, value in record.platform.settings.items()}
    variables = {**(fingerprint.environment or {}), **variant.environment}
    return named | _entries("env", Kind.ENVIRONMENT, variables)


def setting_attributes(record: Observation) -> Named:
    """What was asked of the framework; it differs only where several variants are compared, but
    for the mask, which is how a platform asks for less than its hardware has (ADR 16)."""
    variant = record.variant
    named: Named = {
        "threads asked for": (Kind.SETTING, _or_default(variant.threads)),
        "batch": (Kind.SETTING, _or_default(variant.batch)),
        "precision": (Kind.SETTING, variant.precision),
        "device": (Kind.SETTING, record.framework.device or variant.device),
        MASKED: (Kind.SETTING, text(record.machine.masked) or UNMASKED),
    }
    return named | _entries("setting", Kind.SETTING, variant.flags or {})


def _or_default(number: int | None) -> int | str:
    return "default" if number is None else number


def _entries(word: str, kind: Kind, value: Json | Mapping[str, Scalar]) -> Named:
    if isinstance(value, Mapping):
        return {f"{word} {key}": (kind, _scalar(item)) for key, item in value.items()}
    return {word: (kind, _scalar(value))} if value is not None else {}


def _scalar(value: Json) -> AttributeValue:
    return value if value is None or isinstance(value, str | int) else text(value)
