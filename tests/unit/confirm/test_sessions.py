from pathlib import Path
from threading import Event

import pytest

from orchestrator import experiment as spec
from orchestrator.confirm.bisect import Exhausted
from orchestrator.confirm.sessions import Budget, Sessions, stored
from orchestrator.model.experiment import Isolation, Plan
from orchestrator.plan.cells import make_plan
from orchestrator.providers.registry import providers
from orchestrator.store.read import read

TEXT = """\
schema: 1
name: small
workloads: [{model: builtin:lenet5, on: [numpy]}]
inputs: [{random: {shape: [1, 32, 32, 1], seed: 1, distribution: uniform}}]
platforms: [{provider: local}]
observe: {sessions: 1}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return make_plan(spec.load(path, providers(), cache=tmp_path / "inputs"))


def sessions(store: Path, plan: Plan, seconds: float) -> Sessions:
    return Sessions(store, plan.experiment, Isolation.PROCESS, Budget(seconds), lambda _: None)


def test_a_session_is_computed_once_beside_the_store(tmp_path: Path, plan: Plan) -> None:
    store, (cell,) = tmp_path / "store", plan.cells
    first = sessions(store, plan, 600)
    row = first(cell, None)
    assert (row.status, row.cell, first.budget.sessions) == ("ok", cell.id, 1)
    assert first(cell, "other software") is row
    assert first.budget.sessions == 1

    # Another call finds it, even without a budget; of other software it would have to compute.
    again = sessions(store, plan, 0)
    assert again(cell, row.software.id) == row
    assert again.budget.sessions == 0
    with pytest.raises(Exhausted, match="the budget of 0 s is spent"):
        again(cell, "other software")

    assert [one.cell for one in stored(store)] == [cell.id]
    with pytest.raises(Exception, match="holds no run"):
        read(store)


def test_after_a_stop_nothing_is_computed(tmp_path: Path, plan: Plan) -> None:
    asked = sessions(tmp_path / "store", plan, 600)
    asked.stop = Event()
    asked.stop.set()
    with pytest.raises(Exhausted, match="it was stopped"):
        asked(plan.cells[0], None)
    assert stored(tmp_path / "store") == ()
