"""What the table of sessions keeps of a record, beside its four labels and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.results.record import Observation


class SessionRow(NamedTuple):
    """Texts, ``None`` where the record does not say."""

    cell: str
    status: str
    code: str | None
    reason: str | None
    """``code: message``."""
    run: str
    experiment: str | None
    recorded: str | None
    mode: str | None
    perturbed: bool
    fingerprint: str | None
    provider: str | None
    machine: str | None
    isolation: str | None
    emulated: str | None
    masked: str | None
    rehearsal: bool
    image: str | None
    """``name@digest``."""
    framework: str | None
    version: str | None
    software: str | None
    """Its id."""
    device: str | None
    isa: str | None
    threads: str | None


def session_row(record: Observation) -> SessionRow:
    """The row of ``record``."""
    reason, machine, framework = record.reason, record.machine, record.framework
    image = machine.image
    return SessionRow(
        record.cell,
        record.status,
        reason.code if reason else None,
        ": ".join(part for part in (reason.code, reason.message) if part) if reason else None,
        record.run,
        record.experiment,
        record.recorded,
        record.mode,
        bool(record.perturbed),
        record.fingerprint,
        record.platform.provider,
        machine.id,
        machine.isolation,
        text(machine.emulated),
        text(machine.masked),
        machine.rehearsal,
        f"{image.name}@{image.digest}"
        if image.name and image.digest
        else image.name or image.digest,
        framework.name,
        framework.version,
        record.software.id,
        framework.device,
        text(framework.isa),
        text(framework.threads),
    )


def text(value: Any) -> str | None:
    """A small JSON value as one line: ``a=1 b=2`` for an object; ``None`` where it is empty."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, Mapping):
        return " ".join(f"{key}={value[key]}" for key in sorted(value)) or None
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value) or None
    return str(value) if value else None
