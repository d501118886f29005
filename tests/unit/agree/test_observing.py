"""What the store holds as what a search asks for: bits of all sessions, failures, software."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.agree.observing import SUFFIX, Observing
from orchestrator.agree.search import Failed
from orchestrator.agree.settings import Setting
from orchestrator.agree.subjects import Subject
from orchestrator.catalog.agreement import Kind
from orchestrator.model.experiment import Cell, Plan
from orchestrator.store.records import cell_objects
from orchestrator.store.run_folder import RunFolder, newest_run
from tests.unit.store.records import cell, failed, observed, plan

NOTHING: frozenset[Setting] = frozenset()
SET = frozenset([Setting(Kind.ENVIRONMENT, "A", "1")])
SUBJECT = Subject(cell().variant, (cell("p"), cell("q")))
Row = Callable[[Cell, int], dict[str, Any] | None]


class Machine:
    """Stores what ``row`` gives, of each session that is planned, as a run does."""

    def __init__(self, results: Path, row: Row) -> None:
        self.results, self.row = results, row
        self.plans: list[Plan] = []

    def __call__(self, asked: Plan) -> Path:
        self.plans.append(asked)
        with RunFolder.open(self.results, asked, fresh=False) as folder:
            folder.write_plan(asked, [])
            for each in asked.cells:
                rows = [self.row(each, number) for number in range(each.observe.sessions)]
                asked_for = {**cell_objects(each), "experiment": asked.experiment.name}
                when = f"2026-01-01T00:00:{len(self.plans):02}Z"
                where = {"run": folder.name, "recorded": when, "fingerprint": None}
                folder.append(
                    each.platform.name,
                    [{**row, **asked_for, **where, "machine": None} for row in rows if row],
                )
            folder.finish({})
        return folder.path


def observing(results: Path, row: Row, refused: str | None = None) -> tuple[Observing, Machine]:
    machine = Machine(results, row)
    found = Observing(
        plan().experiment, machine, lambda name: newest_run(results, name), lambda _: refused
    )
    return found, machine


def same(each: Cell, session: int) -> dict[str, Any]:
    return observed(each.id, session, "a" * 64)


def test_equal_bits_are_equal_and_a_second_search_computes_nothing(tmp_path: Path) -> None:
    found, machine = observing(tmp_path, same)
    asks = [(NOTHING, "p"), (NOTHING, "q"), (SET, "p")]
    gave = found.of(SUBJECT)(asks)
    assert len(gave) == 3
    assert len(set(gave.values())) == 1
    assert found.digests((SET, "p")) == {("conv", "zeros", "output"): "a" * 64}
    (once,) = machine.plans
    assert once.experiment.name == f"trial{SUFFIX}"
    assert [each.variant.environment for each in once.cells] == [(), (), (("A", "1"),)]
    assert found.of(SUBJECT)(asks) == gave
    assert len(machine.plans) == 1
    assert len(found.plan.cells) == 3


def test_a_platform_whose_sessions_disagree_equals_none(tmp_path: Path) -> None:
    found, _ = observing(tmp_path, lambda each, n: observed(each.id, n, "ab"[n] * 64))
    gave = found.of(SUBJECT)([(NOTHING, "p"), (NOTHING, "q")])
    assert len(set(gave.values())) == 2


def test_a_session_that_failed_is_a_reason(tmp_path: Path) -> None:
    found, _ = observing(
        tmp_path, lambda each, n: failed(each.id, n) if n else observed(each.id, n)
    )
    assert found.of(SUBJECT)([(NOTHING, "p")]) == {
        (NOTHING, "p"): Failed("exception: it broke (conv)")
    }


def test_what_was_not_computed_to_its_end_is_left_out(tmp_path: Path) -> None:
    found, _ = observing(tmp_path, lambda each, n: None if n else observed(each.id, n))
    assert found.of(SUBJECT)([(NOTHING, "p")]) == {}


def test_where_no_more_may_be_computed_what_is_stored_counts(tmp_path: Path) -> None:
    before, _ = observing(tmp_path, same)
    before.of(SUBJECT)([(NOTHING, "p")])
    found, machine = observing(tmp_path, same, "no money")
    gave = found.of(SUBJECT)([(NOTHING, "p"), (NOTHING, "q")])
    assert list(gave) == [(NOTHING, "p")]
    assert found.stopped == "no money"
    assert machine.plans == []


def test_what_other_software_computed_is_computed_again(tmp_path: Path) -> None:
    versions = {"name": "numpy", "version": "1"}
    found, machine = observing(
        tmp_path, lambda each, n: observed(each.id, n, framework=dict(versions))
    )
    found.of(SUBJECT)([(NOTHING, "p"), (SET, "p")])
    versions["version"] = "2"
    again, later = observing(tmp_path, machine.row)
    later.plans += machine.plans
    gave = again.of(SUBJECT)([(NOTHING, "p")])
    assert list(gave) == [(NOTHING, "p")]
    again.of(SUBJECT)([(SET, "p")])
    assert len(later.plans) == 3, "the new version has computed the setting, too"
