"""The experiment on the study's CPUs, and the script that compares its classes."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator import experiment
from orchestrator.cpuid.containment import lacking
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import presented_cpu
from orchestrator.cpuid.table import CpuidTable
from orchestrator.providers import registry
from orchestrator.results.record import Observation
from orchestrator.store.innfrastructure.importing import import_study
from orchestrator.store.parse import parse_observation
from orchestrator.store.read import read
from tests.environment import ROOT
from tests.unit.analysis.records import A, B, line
from tests.unit.analysis.summarised import summarise

FOLDER = ROOT / "experiments" / "study"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(FOLDER / "compare.py"), run_name="compare")


def test_every_machine_of_the_study_is_asked_for_twice(
    study_data: Path, tmp_path: Path, script: dict[str, Any]
) -> None:
    shutil.copy(FOLDER / "cpus.yaml", tmp_path)
    import_study(study_data / "equivalence_classes", tmp_path / "store")
    loaded = experiment.load(tmp_path / "cpus.yaml", registry.providers(), cache=tmp_path)
    machines = {row.platform.label for row in read(tmp_path / "store").records}
    assert len(machines) == 65
    asked = [script["machine_of"](platform.name) for platform in loaded.platforms]
    assert {machine for machine, _ in asked} == machines
    assert sorted({changes for _, changes in asked}) == ["", ",-3dnowext,-clzero,-rtm,-sse4a"]
    host = model_table("Icelake-Server")
    tables = [CpuidTable.of_presented(presented_cpu(each, host)) for each in loaded.platforms]
    assert not any(
        tables[place].flags & {"3dnowext", "clzero", "rtm", "sse4a"} for place in range(65, 130)
    )
    # What an Ice Lake has not: AMD's extensions, which the second entry takes away.
    amd = [not {"sse4a", "clzero"}.isdisjoint(lacking(table, host)) for table in tables[:65]]
    assert [machine for (machine, _), is_amd in zip(asked, amd, strict=False) if is_amd] == sorted(
        machine for machine in machines if "amd" in machine
    )


def session(machine: str, threads: int, output: np.ndarray, changes: str = "") -> Observation:
    platform = f"cpuid/store:{machine}{changes}"
    found = line(platform, [output], variant=f"torch float32 threads={threads}")
    found["variant"]["threads"] = threads
    return parse_observation(found)


CORES = {"a": 2, "b": 2, "c": 4, "not here": 2}


def test_machines_are_compared_at_one_thread_and_at_as_many_as_their_cpus(
    script: dict[str, Any],
) -> None:
    records = [session(machine, 2, A) for machine in "abc"]
    records += [session("a", 4, A), session("b", 4, A), session("c", 4, B)]
    ((computation, by_threads),) = script["presented"](summarise(records)).items()
    assert computation.name == "net · torch float32"
    ways = {
        which: sorted(map(sorted, classes_of(classes)))
        for which, classes in script["choices"](by_threads, CORES)
    }
    assert ways == {
        "2 threads, all machines": [["a", "b", "c"]],
        "2 threads, those with 2 CPUs": [["a", "b"]],
        "4 threads, all machines": [["a", "b"], ["c"]],
        "4 threads, those with 2 CPUs": [["a", "b"]],
        "as many threads as CPUs": [["a", "b"], ["c"]],
    }


def classes_of(classes: dict[str, Any]) -> list[list[str]]:
    groups: dict[Any, list[str]] = {}
    for machine, group in classes.items():
        groups.setdefault(group, []).append(machine)
    return list(groups.values())


def test_changed_cpus_are_computations_of_their_own_and_what_is_lacking_is_said(
    script: dict[str, Any],
) -> None:
    reason = {"code": "unsupported", "message": "this CPU has no rtm"}
    lacks = line("cpuid/store:b", [], variant="torch float32 threads=1", status="unsupported")
    records = [
        session("a", 1, A),
        session("a", 1, A, ",-rtm"),
        session("b", 1, B, ",-rtm"),
        parse_observation({**lacks, "reason": reason}),
    ]
    found = summarise(records)
    names = [each.name for each in script["presented"](found)]
    assert sorted(names) == ["net · torch float32", "net · torch float32 -rtm"]
    table = script["containment"](found)
    assert [column.name for column in table.columns] == ["machine", "as recorded", "-rtm"]
    assert table.rows == (
        ("a", "contained", "contained"),
        ("b", "unsupported: unsupported: this CPU has no rtm", "contained"),
    )
    assert table.notes == ("as recorded: 1 of 2", "-rtm: 2 of 2")
