"""A store's explanation, prepared and tried on real tables; what computes is a rule on CPUID."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator import experiment as spec
from orchestrator.analysis.findings import Findings
from orchestrator.confirm.bisect import Exhausted
from orchestrator.confirm.confirm import Prepared, ThisComputer, carry_out, prepare
from orchestrator.confirm.presenting import CpuidPresenter
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Cell, Plan
from orchestrator.model.machine import RecordedCpu
from orchestrator.plan.cells import make_plan
from orchestrator.providers.registry import providers
from orchestrator.results.confirmation import Verdict
from orchestrator.results.record import Observation, SoftwareRecord
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.store.run_folder import RunFolder
from tests.unit.analysis.records import record

TEXT = """\
schema: 1
name: small
workloads: [{model: builtin:lenet5, label: net, on: [numpy]}]
inputs: [{random: {shape: [1, 32, 32, 1], seed: 1, distribution: uniform}, label: "digits:0"}]
platforms: [{provider: emulated, cpu: [Haswell-noTSX, EPYC-Rome]}]
"""
INTEL, AMD = model_table("Haswell-noTSX"), model_table("EPYC-Rome")
HERE = ThisComputer(
    "some CPU", 4, CpuidPresenter(INTEL.with_flags(AMD.flags - {"sse4a"}).replaced(l1d=49152))
)
CLASSES = {"GenuineIntel": np.float32([1]), "AuthenticAMD": np.float32([2])}
Rule = Callable[[CpuidTable], np.ndarray]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return make_plan(spec.load(path, providers()))


def described(table: CpuidTable) -> dict[str, Any]:
    levels = {"l1d": (1, "data"), "l2": (2, "unified"), "l3": (3, "unified")}
    return {
        "cpu": {
            "architecture": "x86_64",
            "vendor": table.vendor,
            "flags": sorted(table.flags),
            **table.signature,
            "caches": [
                {"level": levels[name][0], "type": levels[name][1], "bytes": size}
                for name, size in table.caches.items()
            ],
            "leaves": {leaf: [f"{each:#x}" for each in r] for leaf, r in table.leaves.items()},
        },
        "logical_cpus": 4,
        "gpus": [],
        "environment": {},
    }


def prepared(tmp_path: Path, plan: Plan, here: ThisComputer = HERE) -> Prepared:
    records, fingerprints = [], {}
    with RunFolder.open(tmp_path / "store", plan, fresh=True) as folder:
        folder.write_plan(plan, ["eqc", "run", str(tmp_path / "small.yaml")])
        for cell, table in zip(plan.cells, (INTEL, AMD), strict=True):
            document, digest = described(table), table.digest
            folder.put_fingerprint("f" + digest, json.dumps(document).encode())
            fingerprints["f" + digest] = parse_fingerprint(document)
            one = record(cell.platform.name, [CLASSES[table.vendor]], fingerprint="f" + digest)
            records.append(one._replace(cell=cell.id, software=SoftwareRecord("s", "numpy", "2")))
    found = Findings(records, fingerprints)
    (explanation,) = found.explanations.items
    return prepare(found, explanation, tmp_path / "store", here)


def computing(rule: Rule, seen: list[Cell] | None = None, software: str = "s") -> Any:
    def compute(cell: Cell, asked: str | None) -> Observation:
        assert asked == "s"
        if seen is not None:
            seen.append(cell)
        assert isinstance(cell.platform.placement, RecordedCpu)
        table = CpuidTable.of_presented(cell.platform.placement.presented)
        one = record(cell.platform.name, [rule(table)])
        return one._replace(cell=cell.id, software=SoftwareRecord(software, "numpy", "3"))

    return compute


def no_time() -> tuple[int, float]:
    return 0, 0.0


def test_the_vendor_is_found_among_all_that_differs(tmp_path: Path, plan: Plan) -> None:
    ready, seen, said = prepared(tmp_path, plan), [], []
    ((pair, way),) = ready.plan
    assert {pair.before, pair.after} == {one.platform.name for one in plan.cells}
    assert [left.attribute for left in way.unchangeable] == ["sse4a"]
    assert ready.sessions >= 8
    rule = computing(lambda table: CLASSES[table.vendor], seen)
    found = carry_out(ready, rule, HERE, lambda: (len(seen), 2.0 * len(seen)), said.append)
    confirmed = {one.attribute for one in found.of(Verdict.CONFIRMED)}
    assert confirmed == {"vendor"}
    assert {one.attribute for one in found.of(Verdict.UNTESTABLE)} == {"sse4a"}
    assert len(found.of(Verdict.REFUTED)) > 5
    assert (found.sessions, found.seconds) == (len(seen), 2.0 * len(seen))
    assert found.sessions == found.trials[0].observations == len(said) <= ready.sessions
    assert {(cell.workload.label, cell.observe.sessions) for cell in seen} == {("net", 1)}
    (part,) = found.partitions
    assert [number for number, _ in part.ids] == [1, 2]
    assert found.notes == ()


def test_a_cache_that_no_minimal_set_names_is_found(tmp_path: Path, plan: Plan) -> None:
    """The second cache names a processor nearly as its model does, so it is no cause by itself."""
    by_cache = {INTEL.caches["l2"]: "GenuineIntel", AMD.caches["l2"]: "AuthenticAMD"}
    rule = computing(lambda table: CLASSES[by_cache[table.caches["l2"]]])
    found = carry_out(prepared(tmp_path, plan), rule, HERE, no_time)
    (only,) = found.of(Verdict.CONFIRMED)
    assert (only.attribute, only.claimed) == ("L2 bytes", False)


def test_other_software_is_said(tmp_path: Path, plan: Plan) -> None:
    rule = computing(lambda table: CLASSES[table.vendor], software="t")
    found = carry_out(prepared(tmp_path, plan), rule, HERE, no_time)
    assert found.notes == ("computed with numpy 3, the store's classes with 2",)


def test_where_no_cpu_can_be_presented_all_is_untestable(tmp_path: Path, plan: Plan) -> None:
    here = ThisComputer("some Arm", 4, None, "CPUID is of x86-64")
    ready = prepared(tmp_path, plan, here)
    ((_, way),) = ready.plan
    assert way.changes == ()

    def compute(*_: object) -> Observation:
        raise Exhausted("nothing to compute with")

    found = carry_out(ready, compute, here, no_time)
    assert {one.verdict for one in found.verdicts} == {Verdict.UNTESTABLE}
    assert {one.reason for one in found.verdicts} == {"CPUID is of x86-64"}
