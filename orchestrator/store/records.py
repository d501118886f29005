"""Observation records as they stand in a store: made from core types, read, keyed, compared."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import ConflictError, StoreError
from orchestrator.model.experiment import Cell, Input, Json, Plan, Platform, Variant, Workload

Record = dict[str, Any]
SessionKey = tuple[str, str, int]
"""(run, cell, session)."""


def is_final(record: Mapping[str, Any]) -> bool:
    """Whether a later ``eqc run`` need not try this session again.

    What a platform cannot compute it cannot compute tomorrow; a framework that is not installed
    can be installed.
    """
    if record["status"] == "unsupported":
        return bool(record["reason"]["code"] != "not-installed")
    return bool(record["status"] == "ok")


class TornLine(UserWarning):
    """The last line of a file was cut off by a kill or a full disk; it is left out."""


@dataclass(frozen=True)
class Sourced:
    """A record and where it stands, so that every number can be traced."""

    record: Record
    path: Path
    line: int


def read_lines(path: Path) -> Iterator[Sourced]:
    """All records of one ``.jsonl`` file.

    A torn last line (no newline at its end) was never acknowledged and is left out with a
    ``TornLine`` warning. Anything else that is not a record raises ``StoreError``.
    """
    return lines_of(path, path.read_bytes())


def warn_of_torn_line(path: Path, content: bytes) -> None:
    """Warn if the last line of ``content``, read from ``path``, has no newline at its end."""
    if content and not content.endswith(b"\n"):
        number = content.count(b"\n") + 1
        warnings.warn(f"{path}:{number}: torn last line left out", TornLine, stacklevel=2)


def lines_of(path: Path, content: bytes) -> Iterator[Sourced]:
    """As ``read_lines``, from the ``content`` of ``path``."""
    warn_of_torn_line(path, content)
    lines = content.split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise StoreError(f"{path}:{number}: not JSON ({error}); the file is damaged") from error
        if not isinstance(record, dict) or record.get("schema") != 1:
            raise StoreError(
                f"{path}:{number}: not an observation of schema 1 "
                f"(schema is {record.get('schema') if isinstance(record, dict) else None!r})"
            )
        yield Sourced(record, path, number)


def plain(record: Mapping[str, Any]) -> Record:
    """``record`` as it stands in a file: its outputs are a list, not a sequence made on demand."""
    return {**record, "outputs": list(record.get("outputs", ()))}


def key(record: Mapping[str, Any]) -> SessionKey:
    """What makes two records the same session: (run, cell, session)."""
    return record["run"], record["cell"], record["session"]


def latest(sourced: Iterable[Sourced]) -> list[Record]:
    """One record per session, its last attempt, in order of first appearance.

    Two ``ok`` records of one session must have the same bits; else ``ConflictError`` names both.
    """
    chosen: dict[SessionKey, Sourced] = {}
    for item in sourced:
        try:
            session = key(item.record)
        except KeyError as error:
            raise StoreError(f"{item.path}:{item.line}: the record has no {error}") from error
        earlier = chosen.get(session)
        if earlier is None:
            chosen[session] = item
            continue
        _refuse_conflict(earlier, item)
        if _rank(item.record) >= _rank(earlier.record):
            chosen[session] = item
    return [item.record for item in chosen.values()]


def bits(record: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """The identity of what was observed: role, name and digest of every output."""
    return tuple(sorted((o["role"], o["name"], o["digest"]) for o in record.get("outputs", ())))


def _rank(record: Mapping[str, Any]) -> tuple[bool, int]:
    """An ``ok`` is never replaced by a later failure; else the later attempt counts."""
    return record["status"] == "ok", record.get("attempt", 0)


def _refuse_conflict(first: Sourced, second: Sourced) -> None:
    if first.record["status"] != "ok" or second.record["status"] != "ok":
        return
    if bits(first.record) != bits(second.record):
        run, cell, session = key(first.record)
        raise ConflictError(
            f"session {session} of cell {cell} in run {run} was recorded twice with other bits: "
            f"{first.path}:{first.line} and {second.path}:{second.line}. One of the two files is "
            "not what it says; find out which before you merge them"
        )


def platform_object(platform: Platform) -> dict[str, Json]:
    """What was asked of a provider."""
    return {
        "id": platform.id,
        "provider": platform.provider,
        "name": platform.name,
        "parameters": dict(platform.parameters),
    }


def workload_object(workload: Workload) -> dict[str, Json]:
    """What was computed."""
    return {
        "id": workload.id,
        "label": workload.label,
        "source": workload.source,
        "name": workload.name,
        "sha256": workload.sha256,
        "weights": workload.weights,
        "arguments": dict(workload.arguments),
    }


def input_object(given: Input) -> dict[str, Json]:
    """On which tensors."""
    return {
        "id": given.id,
        "label": given.label,
        "tensors": {name: sha256 for name, sha256, _ in given.tensors},
    }


def variant_object(variant: Variant) -> dict[str, Json]:
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
    }


def cell_objects(cell: Cell) -> dict[str, Json]:
    """The parts of a record that say what was asked for."""
    return {
        "cell": cell.id,
        "platform": platform_object(cell.platform),
        "workload": workload_object(cell.workload),
        "input": input_object(cell.input),
        "variant": variant_object(cell.variant),
    }


def plan_document(plan: Plan) -> dict[str, Json]:
    """``plan.json``: every cell by its id, its parts stored once and referred to by id."""
    parts: dict[str, dict[str, Json]] = {"platforms": {}, "workloads": {}, "inputs": {}}
    parts["variants"] = {}
    cells: list[Json] = []
    for cell in plan.cells:
        objects = (
            ("platforms", cell.platform.id, platform_object(cell.platform)),
            ("workloads", cell.workload.id, workload_object(cell.workload)),
            ("inputs", cell.input.id, input_object(cell.input)),
            ("variants", cell.variant.id, variant_object(cell.variant)),
        )
        for kind, identity, described in objects:
            parts[kind].setdefault(identity, described)
        ids: list[Json] = [identity for _, identity, _ in objects]
        cells.append({"cell": cell.id, "parts": ids, "sessions": cell.observe.sessions})
    return {"schema": 1, "experiment": plan.experiment.name, "cells": cells, **parts}
