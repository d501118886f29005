"""A store recorded by an earlier version, `tests/data/store-dc97ce3`, is read and resumed.

It was made by commit dc97ce3: `eqc rehearse --cloud rehearsed.yaml` (a journal with a machine at
each of two fake clouds) and `eqc run resume.yaml`; then `eqc report --format json` and two tables.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from orchestrator.experiment import load
from orchestrator.fleet.journal import Journal, Outcome
from orchestrator.plan.cells import make_plan
from orchestrator.providers.registry import providers
from tests.e2e.running import eqc
from tests.environment import ROOT

RECORDED = ROOT / "tests" / "data" / "store-dc97ce3"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy of the recorded store, because reading a store writes its columnar cache into it."""
    return Path(shutil.copytree(RECORDED, tmp_path / "recorded"))


def test_its_report_is_the_same(store: Path) -> None:
    done = eqc("report", store / "recorded-rehearsal", "--format", "json", cwd=store)
    assert done.returncode == 0, done.stderr
    recorded = json.loads((RECORDED / "report.json").read_text())
    assert recorded["schema"] == 1
    now = json.loads(done.stdout)
    assert now.pop("schema") == 2
    # Schema 2 only adds.
    assert now.pop("unrecorded_layers") == []
    for partition in now["partitions"]:
        # By what the rows recorded of the framework.
        assert partition.pop("computed_by").split()[0] == "numpy"
        for key in ("apart", "settings", "software", "not_available"):
            del partition[key]
        for group in partition["classes"]:
            assert group.pop("digest").startswith(group["id"])
            assert len(group.pop("chain")) == 24
            assert group.pop("type").startswith("float32[")
    assert {"schema": 1, **now} == recorded


@pytest.mark.parametrize("name", ["platforms", "layers"])
def test_its_tables_are_the_same(store: Path, name: str) -> None:
    words = ("report", store / "recorded-rehearsal", "--show", name, "--format", "csv")
    done = eqc(*words, cwd=store)
    assert done.returncode == 0, done.stderr
    recorded = list(csv.reader((RECORDED / f"{name}.csv").read_text().splitlines()))
    now = list(csv.reader(done.stdout.splitlines()))
    if name == "layers":
        # A column is new: why a layer has no output.
        assert [row.pop() for row in now] == ["not recorded"] + [""] * (len(now) - 1)
    assert now == recorded


def test_its_report_is_a_baseline(store: Path) -> None:
    done = eqc("diff", store / "report.json", store / "recorded-rehearsal", cwd=store)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_recorded_baseline_still_finds_differences(store: Path) -> None:
    baseline = json.loads((store / "report.json").read_text())
    classes = baseline["partitions"][0]["classes"]
    first, second = classes[0]["platforms"], classes[1]["platforms"]
    classes[0]["platforms"], classes[1]["platforms"] = second, first
    (store / "report.json").write_text(json.dumps(baseline))
    done = eqc("diff", store / "report.json", store / "recorded-rehearsal", cwd=store)
    assert done.returncode == 3, done.stdout + done.stderr


def test_its_journal_is_read(store: Path) -> None:
    (path,) = store.glob("recorded-rehearsal/*/journal.sqlite")
    journal = Journal(path)
    try:
        assert journal.open_intents() == []
        found = {intent.provider: intent for intent in journal.intents()}
    finally:
        journal.close()
    assert {name: intent.outcome for name, intent in found.items()} == {
        "aws": Outcome.RELEASED,
        "gcp": Outcome.RELEASED,
    }
    machine = found["gcp"].machine()
    assert machine is not None
    assert machine.offer.label == "n2-standard-2 in us-central1-a, spot"
    assert machine.token == "184b317913a832b0"


def test_cells_have_the_ids_they_had(store: Path) -> None:
    assert _planned(store / "resume.yaml") == _stored(store, "resume")
    # In a rehearsal the two cloud platforms have ids of their own.
    assert len(_stored(store, "recorded-rehearsal") - _planned(store / "rehearsed.yaml")) == 2


def test_its_run_is_computed_anew_by_the_software_of_today(store: Path) -> None:
    """Its rows tell the framework's version, but not the packages and the runner: nothing shows
    that what is installed now is what computed them, so nothing of them is taken for its rows."""
    before = _observations(store)
    done = eqc("run", "resume.yaml", "--results", store, cwd=store)
    assert done.returncode == 0, done.stderr
    after = _observations(store)
    assert all(after[name].startswith(content) for name, content in before.items())
    assert _calls(store) == [4, 4]
    assert "computed 4 of these sessions" in done.stderr
    assert "4 sessions computed by numpy" in done.stdout
    again = eqc("run", "resume.yaml", "--results", store, cwd=store)
    assert again.returncode == 0, again.stderr
    assert _observations(store) == after
    assert _calls(store) == [4, 4, 0]


def _calls(store: Path) -> list[int]:
    (path,) = store.glob("resume/*/run.json")
    calls = json.loads(path.read_text())["invocations"]
    return [sum(call["sessions"].values()) for call in calls]


def _planned(spec: Path) -> set[str]:
    return {cell.id for cell in make_plan(load(spec, providers())).cells}


def _stored(store: Path, name: str) -> set[str]:
    (path,) = store.glob(f"{name}/*/plan.json")
    return {cell["cell"] for cell in json.loads(path.read_text())["cells"]}


def _observations(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.glob("resume/*/observations/*")}
