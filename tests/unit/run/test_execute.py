"""Cells that are known not to be had: rows once, said once, and never pending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

from orchestrator.model.events import Event as Told
from orchestrator.model.events import Note
from orchestrator.model.experiment import Cell, Isolation, Platform, Reason, Status, pairs
from orchestrator.plan.availability import not_available
from orchestrator.run.context import Context
from orchestrator.run.execute import record_not_available
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
