"""Explanations from the command line alone: the study's Table 1, and a quantised product."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.running import eqc, written

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


def test_the_time_of_a_request_is_an_option(study: Path) -> None:
    done = eqc("explain", "study", "--seconds", "1e-9", cwd=study)
    assert done.returncode == 0, done.stderr
    assert "more groupings of platforms are not explained since 1e-09 s were over" in done.stdout
    refused = eqc("explain", "study", "--seconds", "0", cwd=study)
    assert refused.returncode == 2


INT8 = """\
schema: 1
name: int8
workloads: [{model: "onnx:int8.onnx", on: [onnxruntime]}]
inputs: [{files: [x.npz]}]
platforms:
  - provider: local
  - {provider: emulated, cpu: [Nehalem, Haswell, Broadwell, Skylake-Client, EPYC]}
observe: {sessions: 1}
isolation: process
"""


def saturating(folder: Path) -> None:
    """uint8 x int8 with sums of two products beyond 16 bits, which AVX2 without VNNI cuts off."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.full((64, 64), 127, np.int8)
    weights[::2], weights[:, ::3] = -128, 127
    nodes = [
        ("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"], {}),
        ("MatMulInteger", ["xq", "w", "xz", "wz"], ["product"], {}),
        ("Cast", ["product"], ["whole"], {"to": TensorProto.FLOAT}),
        ("Mul", ["whole", "xs"], ["y"], {}),
    ]
    graph = helper.make_graph(
        [helper.make_node(name, given, made, **more) for name, given, made, more in nodes],
        "int8",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 64])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.int8(0), "wz")],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "int8.onnx")
    values = np.random.default_rng(0).standard_normal((4, 64))
    np.savez(folder / "x.npz", x=np.abs(2 * values).astype(np.float32))


@pytest.mark.slow
@pytest.mark.emulated
@pytest.mark.frameworks
def test_avx2_without_vnni_is_the_cause_of_a_quantised_product(tmp_path: Path) -> None:
    saturating(tmp_path)
    done = eqc("run", written(tmp_path, INT8), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    explained = eqc("explain", "results", "--format", "json", cwd=tmp_path)
    document = json.loads(explained.stdout)
    (explanation,) = document["explanations"]
    together = next(
        group["platforms"]
        for group in explanation["classes"]
        if "emulated/Haswell" in group["platforms"]
    )
    assert {f"emulated/{name}" for name in ("Broadwell", "Skylake-Client", "EPYC")} < set(together)
    assert "emulated/Nehalem" not in together
    (answer,) = explanation["answers"]
    assert answer["origins"] == ["hardware", "setting"]
    clusters = answer["sets"][0]["clusters"]
    assert {origin for one in clusters for origin in one["origins"]} == {"hardware"}
    members = [set(one["members"]) for one in clusters]
    assert any("avx2" in names for names in members)
    if "local" not in together:
        # This computer has VNNI, or no AVX2: then one attribute says it all.
        assert len(members) == 1 or any(names & {"avx512_vnni", "avx_vnni"} for names in members)
