import json
from pathlib import Path

import pytest

from orchestrator import experiment as spec
from orchestrator.confirm.stored_cells import stored_cells
from orchestrator.errors import UsageError
from orchestrator.model.experiment import Plan
from orchestrator.plan.cells import make_plan
from orchestrator.providers.registry import providers
from orchestrator.store.run_folder import RunFolder
from tests.unit.confirm.test_sessions import TEXT


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "files" / "small.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


@pytest.fixture
def plan(file: Path) -> Plan:
    return make_plan(spec.load(file, providers()))


def ran(tmp_path: Path, plan: Plan, *argv: str) -> Path:
    with RunFolder.open(tmp_path / "store", plan, fresh=True) as folder:
        folder.write_plan(plan, argv)
    return tmp_path / "store"


def test_cells_come_from_the_file_that_the_run_was_called_with(
    tmp_path: Path, file: Path, plan: Plan
) -> None:
    store = ran(tmp_path, plan, "eqc", "run", str(file))
    found = stored_cells(store, {plan.cells[0].id})
    assert found.cells == {plan.cells[0].id: plan.cells[0]}
    assert found.experiments[plan.cells[0].id].source == TEXT


def test_where_it_is_gone_from_what_the_store_keeps(tmp_path: Path, file: Path, plan: Plan) -> None:
    store = ran(tmp_path, plan, "eqc", "run", str(file))
    file.unlink()
    assert stored_cells(store, {plan.cells[0].id}).cells == {plan.cells[0].id: plan.cells[0]}


def test_a_file_that_says_something_else_by_now_is_not_taken(
    tmp_path: Path, file: Path, plan: Plan
) -> None:
    store = ran(tmp_path, plan, "eqc", "run", str(file))
    file.write_text(TEXT.replace("seed: 1", "seed: 2"))
    assert stored_cells(store, {plan.cells[0].id}).cells == {plan.cells[0].id: plan.cells[0]}
    with pytest.raises(UsageError, match="1 of 1 cells cannot be computed again"):
        stored_cells(store, {plan.cells[0].id}, file)


def test_a_store_without_its_experiment_says_what_to_give(
    tmp_path: Path, file: Path, plan: Plan
) -> None:
    store = ran(tmp_path, plan)
    (kept,) = store.glob("*/*/experiment.yaml")
    kept.unlink()
    with pytest.raises(UsageError, match="say with --experiment FILE"):
        stored_cells(store, {plan.cells[0].id})
    assert stored_cells(store, {plan.cells[0].id}, file).cells == {plan.cells[0].id: plan.cells[0]}
    (path,) = store.glob("*/*/run.json")
    assert json.loads(path.read_bytes())["invocations"]
