"""What the table of sessions keeps of a record, beside its four labels and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.model.experiment import Reason, Status
from orchestrator.results.record import Observation


class SessionRow(NamedTuple):
    """Texts, ``None`` where the record does not say."""

    cell: str
    status: str
    code: str | None
    reason: str | None
    """``code: message``; the message alone of what is not available."""
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
    assumed: str | None
    """What of a presented CPU was not recorded, and what it was taken for."""
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
    status = record.status
    if status == Status.SKIPPED and reason is not None and reason.code == "no-switch":
        # As stored before masks were known not to be available.
        status = Status.NOT_AVAILABLE
    return SessionRow(
        record.cell,
        status,
        reason.code if reason else None,
        _reason_text(reason, status) if reason else None,
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
        "; ".join(machine.assumed) or None,
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


def _reason_text(reason: Reason, status: str) -> str | None:
    """``code: message``; of what is not available the message, which says all."""
    if status == Status.NOT_AVAILABLE and reason.message:
        return reason.message
    return ": ".join(part for part in (reason.code, reason.message) if part)


def text(value: Any) -> str | None:
    """A small JSON value as one line: ``a=1 b=2`` for an object; ``None`` where it is empty."""
    if value is None or isinstance(value, str):
        return value or None
    # A dict first: asking for a Mapping takes five times as long, and this runs four times a row.
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
        return " ".join(f"{key}={value[key]}" for key in sorted(value)) or None
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value) or None
    return str(value) if value else None
