"""Causes are found on real frameworks, unaided: MKL's vendor, the cache that Eigen divides by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import experiment
from orchestrator.cpuid.containment import lacking
from orchestrator.cpuid.from_fingerprint import NoTable, described
from orchestrator.cpuid.platforms import presented_cpu
from orchestrator.cpuid.table import CpuidTable
from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.presentation import presentation_files
from orchestrator.executors.process import probe
from orchestrator.providers import registry
from tests.e2e.running import eqc, written
from tests.environment import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.frameworks]


def explained(folder: Path, store: str, *words: str) -> dict[str, Any]:
    done = eqc("explain", store, "--format", "json", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["explanations"]
    return dict(found)


def needs_cpus_of(spec: Path, folder: Path) -> None:
    """Skip where this computer cannot be presented as one of the file's CPUs."""
    try:
        presentation_files()
        host = described(probe()).table
    except (EnvironmentNotReady, NoTable) as error:
        pytest.skip(str(error))
    for platform in experiment.load(spec, registry.providers(), cache=folder / "inputs").platforms:
        table = CpuidTable.of_presented(presented_cpu(platform, host))
        if missing := lacking(table, host):
            pytest.skip(f"{platform.name} has {', '.join(missing)}, which this CPU has not")


@pytest.mark.parametrize(
    ("name", "cause"), [("confirm-mkl-vendor", "vendor"), ("confirm-eigen-cache", "L1 bytes")]
)
def test_the_cause_is_found_among_all_that_differs(tmp_path: Path, name: str, cause: str) -> None:
    spec = ROOT / "experiments" / f"{name}.yaml"
    needs_cpus_of(spec, tmp_path)
    ran = eqc("run", spec, "--isolation", "process", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    store = f"results/{name}"
    before = explained(tmp_path, store)
    assert before["confirmation"] is None
    assert len(before["classes"]) == 2
    (only,) = before["answers"][0]["sets"]
    (cluster,) = only["clusters"]
    assert cause in cluster["members"]
    assert len(cluster["members"]) > 1

    found = explained(tmp_path, store, "--confirm")["confirmation"]
    assert {one["attribute"] for one in found["verdicts"] if one["verdict"] == "confirmed"} == {
        cause
    }
    assert {one["attribute"] for one in found["verdicts"] if one["claimed"]} == {
        *cluster["members"]
    }
    (trial,) = found["trials"]
    assert trial["reproduced"] == [True, True]
    assert found["sessions"] == trial["observations"] <= 12

    # What is known stays, and nothing is computed twice.
    assert explained(tmp_path, store)["confirmation"] == found
    again = explained(tmp_path, store, "--confirm")["confirmation"]
    assert (again["sessions"], again["verdicts"]) == (0, found["verdicts"])
    page = eqc("report", store, "--format", "html", "-o", "page.html", cwd=tmp_path)
    assert page.returncode == 0, page.stderr
    assert "By experiment on" in (tmp_path / "page.html").read_text()


VARIABLES = """\
schema: 1
name: variables
workloads:
  - model: builtin:cifar10-small
    weights: trained
    on: [torch]
inputs:
  - images: [digits:6]
platforms:
  - provider: local
vary:
  threads: [1]
  flags:
    - {mkldnn: true}
    - {mkldnn: false}
compare: [flags]
observe: {sessions: 1}
isolation: process
"""


def test_a_setting_is_tried_without_presenting_a_cpu(tmp_path: Path) -> None:
    written(tmp_path, VARIABLES)
    ran = eqc("run", "experiment.yaml", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    shown = eqc("explain", "results", "--confirm", "--budget", "0", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "1 difference by setting" in shown.stderr
    assert "By experiment" not in shown.stdout
    found = explained(tmp_path, "results", "--confirm")["confirmation"]
    assert {one["attribute"]: one["verdict"] for one in found["verdicts"]} == {
        "setting mkldnn": "confirmed"
    }
    refused = eqc("explain", "results", "--confirm", "--predict", "experiment.yaml", cwd=tmp_path)
    assert refused.returncode == 2
