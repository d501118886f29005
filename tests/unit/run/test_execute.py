"""Cells that are known not to be had: rows once, said once, and never pending."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from eqc_runner.probe.decoding import decode, decode_xcr0
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import cpuid_platform, presented_cpu
from orchestrator.cpuid.table import CpuidTable
from orchestrator.executors.base import RunnerExit
from orchestrator.executors.process import probe
from orchestrator.model.events import Event as Told
from orchestrator.model.events import Note
from orchestrator.model.experiment import Cell, Isolation, Platform, Reason, Status, pairs
from orchestrator.model.machine import Machine
from orchestrator.plan.availability import not_available
from orchestrator.run.context import Context
from orchestrator.run.execute import execute, record_not_available
from orchestrator.run.job import Job
from orchestrator.store.ingest import not_observed
from orchestrator.store.run_folder import RunFolder
from orchestrator.store.schema import problem_with_stored
from tests.unit.store.records import cell, observed, plan, stored

HERE = cell(framework="onnxruntime")
MASKED = replace(HERE, platform=Platform("mask", "mask/avx2", pairs({"level": "avx2"})))
REASON = not_available(MASKED)


def context(folder: RunFolder, told: list[Told], *cells: Cell) -> Context:
    return Context(plan(*cells), folder, Isolation.PROCESS, told.append, Event())


def test_they_are_stored_and_said_once_and_never_pending(tmp_path: Path) -> None:
    assert REASON is not None
    told: list[Told] = []
    for expected in ([(MASKED.id, 0), (MASKED.id, 1)], []):
        with RunFolder.open(tmp_path, plan(HERE, MASKED), fresh=False) as folder:
            this = context(folder, told, HERE, MASKED)
            assert [(r.cell, r.session) for r in record_not_available(this)] == expected
            assert [c for c, _ in this.pending(here=True)] == [HERE]
            rows = stored(folder.path)
    said = [(row["status"], row["reason"]["message"]) for row in rows]
    assert said == [("not-available", REASON.message)] * 2
    assert [problem_with_stored(row) for row in rows] == [None, None]
    assert told == [Note(f"not available mask/avx2 onnxruntime: {REASON.message}")]


def test_skips_of_an_older_version_are_replaced_and_what_was_computed_stays(
    tmp_path: Path,
) -> None:
    with RunFolder.open(tmp_path, plan(MASKED), fresh=False) as folder:
        old = Reason("no-switch", "onnxruntime has no switch for level avx2")
        not_observed(folder, MASKED, (0,), Status.SKIPPED, old)
        folder.append("m", [observed(MASKED.id, 1, run=folder.name)])
        record_not_available(context(folder, [], MASKED))
        found = {record.session: record.status for record in folder.records()}
    assert found == {0: "not-available", 1: "ok"}


class Silent:
    """An executor whose runner computed one session, and says of the machine what it is told to."""

    def __init__(self, cell: Cell, fingerprint: dict[str, Any] | None) -> None:
        self._cell = cell
        self._fingerprint = fingerprint

    def run(self, job: Path, out: Path, *, on_line: object, stop: object) -> RunnerExit:
        (out / "observations.jsonl").write_text(json.dumps(observed(self._cell.id, 0)) + "\n")
        if self._fingerprint is not None:
            (out / "fingerprint.json").write_text(json.dumps(self._fingerprint))
        return RunnerExit(0, "", interrupted=False)


WANTED = presented_cpu(cpuid_platform("Haswell", ["fma"]), model_table("Haswell"))


def seen(table: CpuidTable, name: str | None = "Haswell,-fma") -> dict[str, Any]:
    """What the machine says of itself where programs see ``table``."""
    known = probe()
    leaves = {leaf: list(four) for leaf, four in table.presented("x").leaves}
    decoded = decode(leaves)
    decoded.pop("missing")
    cpu = {**known["cpu"], **decoded, "leaves": leaves, "xcr0": decode_xcr0(table.xcr0)}
    told = {"name": name, "method": "faulting", "xcr0": "0x7", "leaves": leaves, "host": {}}
    return {**known, "cpu": cpu, "presented": told if name else None}


PRESENTED = CpuidTable.of_presented(WANTED)


@pytest.mark.parametrize(
    ("table", "name", "status"),
    [
        (PRESENTED, "Haswell,-fma", "ok"),
        (model_table("Haswell"), "Haswell,-fma", "mismatch"),
        (PRESENTED, None, "mismatch"),
        (None, None, "mismatch"),
    ],
)
def test_only_what_saw_the_presented_cpu_is_a_result(
    tmp_path: Path, table: CpuidTable | None, name: str | None, status: str
) -> None:
    here = replace(HERE, input=replace(HERE.input, tensors=()))
    one = replace(here, platform=cpuid_platform("Haswell", ["fma"]))
    machine = Machine("m", one.platform, presented=WANTED)
    with RunFolder.open(tmp_path, plan(one), fresh=False) as folder:
        job = Job(machine, one.variant.installation, ((one, (0,)),))
        executor = Silent(one, None if table is None else seen(table, name))
        (record,) = execute(context(folder, [], one), job, None, executor, 0.0, Event())
        (row,) = stored(folder.path)
    assert (record.status, row["status"]) == (status, status)
    assert problem_with_stored(row) is None
    assert row["machine"]["presented"] == "Haswell,-fma"
    assert bool(row["outputs"]) == (status == "ok")
    assert (row["fingerprint"] is None) == (table is None)
