"""The study's Table 1, from its published files and the command line alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.running import eqc

DUAL_CORE = ("sandy_bridge", "ivy_bridge", "haswell", "broadwell", "skylake", "cascade_lake")


@pytest.fixture
def study(study_data: Path, tmp_path: Path) -> Path:
    done = eqc("import", "innfrastructure", study_data, "--into", "study", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_both_minimal_sets_of_the_nine_dual_core_machines(study: Path) -> None:
    names = [f"gcloud/intel_{name}/*" for name in DUAL_CORE]
    names += ["gcloud/intel_ice_lake/*", "gcloud/amd_milan/*", "gcloud/amd_rome/*"]
    patterns = [word for name in names for word in ("--platforms", name)]
    words = ("explain", "study", "--workload", "cifar10_medium", "--input", "i0")
    done = eqc(*words, *patterns, "--format", "json", cwd=study)
    assert done.returncode == 0, done.stderr
    (explanation,) = json.loads(done.stdout)["explanations"]
    assert len(explanation["classes"]) == 5
    sets = [
        {member for cluster in given["clusters"] for member in cluster["members"]}
        for given in explanation["answers"][0]["sets"]
    ]
    assert len(sets) == 2
    first, second = sorted(sets, key=lambda members: "abm" not in members)
    assert {"abm", "avx512bw", "sha"} <= first
    assert {"avx512bw", "invpcid", "sha"} <= second


def test_predict_names_a_class_or_says_why_not(study: Path) -> None:
    probe = eqc("probe", "--json", cwd=study)
    (study / "here.json").write_text(probe.stdout)
    words = ("explain", "study", "--workload", "cifar10_small", "--input", "i0")
    done = eqc(*words, "--predict", "here.json", "--format", "json", cwd=study)
    assert done.returncode == 0, done.stderr
    (prediction,) = json.loads(done.stdout)
    assert prediction["certainty"]
    (study / "broken.json").write_text("[]")
    refused = eqc(*words, "--predict", "broken.json", cwd=study)
    assert refused.returncode == 2
    assert "not a fingerprint" in refused.stderr
