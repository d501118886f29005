"""Records as they stand in a store: made from core types, read line by line, keyed, compared."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from orchestrator.errors import ConflictError, StoreError, TornLine
from orchestrator.model.experiment import (
    Cell,
    Input,
    Json,
    Plan,
    Platform,
    Reason,
    Status,
    Variant,
    Workload,
)
from orchestrator.results.record import Bits, SessionKey
from orchestrator.store.parse import JsonObject, parse_reason, software_id_of

SCHEMA = 2
"""Of the observations that are written."""
SCHEMAS = (1, SCHEMA)
T = TypeVar("T")


class Record(NamedTuple):
    """A record as far as the store itself reads it: what decides between two of one session."""

    run: str
    cell: str
    session: int
    status: str
    """A ``Status``."""
    attempt: int
    recorded: str
    """When, as ISO 8601; empty where it does not say."""
    reason: Reason | None
    bits: Bits
    software: str | None = None
    """The id of what computed it; ``None``: not known, or nothing did."""
    version: str | None = None
    """The framework's, by that software."""

    @classmethod
    def of(cls, document: JsonObject) -> Record:
        """Of a line. Raises ``KeyError`` where it lacks a key, ``TypeError`` where one is none."""
        known: dict[str, Any] = document
        outputs = known.get("outputs", ())
        return cls(
            known["run"],
            known["cell"],
            known["session"],
            known["status"],
            known.get("attempt", 0),
            str(known.get("recorded") or ""),
            parse_reason(known["reason"]) if known.get("reason") else None,
            tuple(sorted([(each["role"], each["name"], each["digest"]) for each in outputs])),
            *_computed_by(known),
        )

    @property
    def key(self) -> SessionKey:
        """What makes two records the same session."""
        return self.run, self.cell, self.software, self.session

    @property
    def is_final(self) -> bool:
        """Whether a later ``eqc run`` need not try this session again."""
        return is_final(self.status, self.reason)


def is_final(status: str, reason: Reason | None) -> bool:
    """Whether a session that ended so need not be tried again.

    What a platform cannot compute it cannot compute tomorrow; a framework that is not installed
    can be installed.
    """
    if status == Status.UNSUPPORTED:
        return reason is None or reason.code != "not-installed"
    return status == Status.OK


def _computed_by(document: JsonObject) -> tuple[str | None, str | None]:
    """The id of the software and the framework's version."""
    told = document.get("software") or document.get("framework")
    version = told.get("version") if isinstance(told, dict) else None
    return software_id_of(document), None if version is None else str(version)


class _OfSession(Protocol):
    """``Record`` and ``Observation``."""

    @property
    def key(self) -> SessionKey: ...
    @property
    def status(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def recorded(self) -> str | None: ...
    @property
    def bits(self) -> Bits: ...


OfSession = TypeVar("OfSession", bound=_OfSession)


class Sourced(NamedTuple, Generic[T]):
    """A record and where it stands, so that every number can be traced."""

    record: T
    path: Path
    line: int


def read_records(path: Path) -> Iterator[Sourced[Record]]:
    """All records of one ``.jsonl`` file, as ``Record``; raises as ``lines_of``."""
    for item in lines_of(path, path.read_bytes()):
        try:
            record = Record.of(item.record)
        except (AttributeError, KeyError, TypeError) as error:
            what = f"the record has no {error}" if isinstance(error, KeyError) else str(error)
            raise StoreError(f"{item.path}:{item.line}: {what}") from error
        yield Sourced(record, item.path, item.line)


def lines_of(path: Path, content: bytes) -> Iterator[Sourced[JsonObject]]:
    """All records of one ``.jsonl`` file, from its ``content``.

    A torn last line (no newline at its end) was never acknowledged and is left out with a
    ``TornLine`` warning. Anything else that is not a record raises ``StoreError``.
    """
    warn_of_torn_line(path, content)
    lines = content.split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise StoreError(f"{path}:{number}: not JSON ({error}); the file is damaged") from error
        if not isinstance(record, dict) or record.get("schema") not in SCHEMAS:
            raise StoreError(
                f"{path}:{number}: not an observation of schema 1 or 2 "
                f"(schema is {record.get('schema') if isinstance(record, dict) else None!r})"
            )
        yield Sourced(record, path, number)


def warn_of_torn_line(path: Path, content: bytes) -> None:
    """Warn if the last line of ``content``, read from ``path``, has no newline at its end."""
    if content and not content.endswith(b"\n"):
        number = content.count(b"\n") + 1
        warnings.warn(f"{path}:{number}: torn last line left out", TornLine, stacklevel=2)


def latest(sourced: Iterable[Sourced[OfSession]]) -> list[OfSession]:
    """One record per session and software, its last attempt, in order of first appearance.

    Why nothing was computed does not count where some software computed that session. Two ``ok``
    records of one session must have the same bits; else ``ConflictError`` names both.
    """
    chosen: dict[SessionKey, Sourced[OfSession]] = {}
    for item in sourced:
        earlier = chosen.setdefault(item.record.key, item)
        if earlier is not item:
            _refuse_conflict(earlier, item)
            if _rank(item.record) >= _rank(earlier.record):
                chosen[item.record.key] = item
    records = [item.record for item in chosen.values()]
    if all(record.status == Status.OK or record.key[2] is not None for record in records):
        return records
    computed = {(run, cell, session) for run, cell, by, session in chosen if by is not None}
    return [
        record
        for (run, cell, by, session), record in zip(chosen, records, strict=True)
        if by is not None or record.status == Status.OK or (run, cell, session) not in computed
    ]


def _rank(record: _OfSession) -> tuple[bool, int, str]:
    """An ``ok`` is never replaced by a later failure; else the later attempt counts.

    Of two of one number, as two copies of a run may make them, the one recorded later.
    """
    return record.status == Status.OK, record.attempt, record.recorded or ""


def _refuse_conflict(first: Sourced[OfSession], second: Sourced[OfSession]) -> None:
    if first.record.status != Status.OK or second.record.status != Status.OK:
        return
    if first.record.bits != second.record.bits:
        run, cell, _, session = first.record.key
        raise ConflictError(
            f"session {session} of cell {cell} in run {run} was recorded twice with other bits: "
            f"{first.path}:{first.line} and {second.path}:{second.line}. One of the two files is "
            "not what it says; find out which before you merge them"
        )


def platform_object(platform: Platform) -> JsonObject:
    """What was asked of a provider."""
    return {
        "id": platform.id,
        "provider": platform.provider,
        "name": platform.name,
        "parameters": dict(platform.parameters),
    }


def workload_object(workload: Workload) -> JsonObject:
    """What was computed."""
    return {
        "id": workload.id,
        "label": workload.label,
        "source": workload.source,
        "name": workload.name,
        "sha256": workload.sha256,
        "weights": workload.weights,
        "arguments": dict(workload.arguments),
        "signature": workload.signature,
        "group": workload.group,
    }


def input_object(given: Input) -> JsonObject:
    """On which tensors."""
    return {
        "id": given.id,
        "label": given.label,
        "tensors": {name: sha256 for name, sha256, _ in given.tensors},
    }


def variant_object(variant: Variant) -> JsonObject:
    """With which settings."""
    return {
        "id": variant.id,
        "label": variant.label,
        "framework": variant.framework,
        "precision": variant.precision,
        "threads": variant.threads,
        "batch": variant.batch,
        "device": variant.device,
        "environment": dict(variant.environment),
        "flags": dict(variant.flags),
        "pin": variant.pin,
        "requires": list(variant.requires),
        "row": variant.row,
        **({"stated": True} if variant.stated else {}),
    }


def cell_objects(cell: Cell) -> JsonObject:
    """The parts of a record that say what was asked for."""
    return {
        "cell": cell.id,
        "platform": platform_object(cell.platform),
        "workload": workload_object(cell.workload),
        "input": input_object(cell.input),
        "variant": variant_object(cell.variant),
    }


def plan_document(plan: Plan) -> JsonObject:
    """``plan.json``: every cell by its id, its parts stored once and referred to by id."""
    parts: dict[str, JsonObject] = {"platforms": {}, "workloads": {}, "inputs": {}}
    parts["variants"] = {}
    cells: list[Json] = []
    for cell in plan.cells:
        platform, workload, given, variant = (
            cell.platform.id,
            cell.workload.id,
            cell.input.id,
            cell.variant.id,
        )
        # Described once: a plan of 100,000 cells has some hundred parts.
        if platform not in parts["platforms"]:
            parts["platforms"][platform] = platform_object(cell.platform)
        if workload not in parts["workloads"]:
            parts["workloads"][workload] = workload_object(cell.workload)
        if given not in parts["inputs"]:
            parts["inputs"][given] = input_object(cell.input)
        if variant not in parts["variants"]:
            parts["variants"][variant] = variant_object(cell.variant)
        ids: list[Json] = [platform, workload, given, variant]
        cells.append({"cell": cell.id, "parts": ids, "sessions": cell.observe.sessions})
    return {
        "schema": 1,
        "experiment": plan.experiment.name,
        "compare": list(plan.experiment.compare),
        "outputs": dict(plan.experiment.outputs),
        "cells": cells,
        **parts,
    }
