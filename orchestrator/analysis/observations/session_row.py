"""What the table of sessions keeps of a record, beside its four labels and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orchestrator.model.experiment import Reason, Status
from orchestrator.results.record import FrameworkRecord, MachineRecord, Observation


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


_Text = str | None
_MachineFields = tuple[_Text, _Text, _Text, _Text, _Text, bool, _Text]
"""From ``machine`` to ``image``."""
_FrameworkFields = tuple[_Text, _Text, _Text, _Text, _Text]
"""Name, version, device, ISA and threads."""


@dataclass
class SessionRows:
    """Makes rows, and words machines and frameworks once: records of a run share them."""

    _machines: dict[int, tuple[MachineRecord, _MachineFields]] = field(default_factory=dict)
    """By their places in memory, where they have to stay."""
    _frameworks: dict[int, tuple[FrameworkRecord, _FrameworkFields]] = field(default_factory=dict)

    def row(self, record: Observation) -> SessionRow:
        """The row of ``record``."""
        reason, machine, framework = record.reason, record.machine, record.framework
        status = record.status
        if status == Status.SKIPPED and reason is not None and reason.code == "no-switch":
            # As stored before masks were known not to be available.
            status = Status.NOT_AVAILABLE
        known_machine = self._machines.get(id(machine))
        if known_machine is None:
            known_machine = self._machines[id(machine)] = machine, _machine_fields(machine)
        known_framework = self._frameworks.get(id(framework))
        if known_framework is None:
            known_framework = framework, _framework_fields(framework)
            self._frameworks[id(framework)] = known_framework
        name, version, device, isa, threads = known_framework[1]
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
            *known_machine[1],
            name,
            version,
            record.software.id,
            device,
            isa,
            threads,
        )


def _machine_fields(machine: MachineRecord) -> _MachineFields:
    image = machine.image
    return (
        machine.id,
        machine.isolation,
        text(machine.emulated),
        text(machine.masked),
        "; ".join(machine.assumed) or None,
        machine.rehearsal,
        f"{image.name}@{image.digest}"
        if image.name and image.digest
        else image.name or image.digest,
    )


def _framework_fields(framework: FrameworkRecord) -> _FrameworkFields:
    return (
        framework.name,
        framework.version,
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
    if isinstance(value, Mapping):
        return " ".join(f"{key}={value[key]}" for key in sorted(value)) or None
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value) or None
    return str(value) if value else None
