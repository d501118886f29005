"""The files in experiments/: they load, and contain what their comments say."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from orchestrator import experiment
from orchestrator.plan.cells import Plan, make_plan
from orchestrator.providers import registry

FOLDER = Path(__file__).resolve().parents[3] / "experiments"
FILES = sorted(FOLDER.glob("*.yaml"))
SCHEMA_LINE = "# yaml-language-server: $schema=../orchestrator/experiment/experiment.schema.json"


def plan(name: str, cache: Path) -> Plan:
    return make_plan(experiment.load(FOLDER / f"{name}.yaml", registry.providers(), cache=cache))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_names_the_schema_a_question_and_itself(path: Path, tmp_path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == SCHEMA_LINE
    assert any(line.startswith("# ") and line.endswith("?") for line in lines[1:6])
    assert experiment.load(path, registry.providers(), cache=tmp_path).name == path.stem
    assert f"`{path.name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "cells", "platforms"),
    [
        ("quickstart", 56, 10),
        ("simd-and-cores", 240, 4),
        ("layers", 102, 5),
        ("precision", 112, 6),
        ("threads", 20, 1),
        ("onednn", 12, 1),
        ("optimization", 24, 3),
        ("torch-and-onnx", 6, 3),
        ("two-exports", 12, 3),
        ("quantised", 8, 4),
        ("batch-invariance", 32, 1),
        ("presented-cpus", 108, 9),
        ("confirm-mkl-vendor", 2, 2),
        ("confirm-eigen-cache", 2, 2),
        ("upgrade", 18, 3),
    ],
)
def test_how_much_an_example_asks_for(
    name: str, cells: int, platforms: int, tmp_path: Path
) -> None:
    found = plan(name, tmp_path)
    assert len(found.cells) == cells
    assert len({cell.platform.id for cell in found.cells}) == platforms


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("quickstart", {"platform"}),
        ("threads", {"threads"}),
        ("onednn", {"environment", "flags"}),
        ("optimization", {"flags"}),
        ("torch-and-onnx", {"workload", "on"}),
        ("two-exports", {"workload"}),
        ("quantised", {"workload"}),
        ("batch-invariance", {"batch"}),
        ("upgrade", {"on"}),
    ],
)
def test_what_an_example_compares(name: str, axes: set[str], tmp_path: Path) -> None:
    found = experiment.load(FOLDER / f"{name}.yaml", registry.providers(), cache=tmp_path)
    assert set(found.compare) == axes
    groups = {workload.group for workload, _ in found.workloads}
    assert groups == ({"net"} if "workload" in axes else {None})


def test_quickstart_in_detail(tmp_path: Path) -> None:
    cells = plan("quickstart", tmp_path).cells
    frameworks = Counter((c.platform.provider, c.variant.framework) for c in cells)
    assert frameworks == {
        # Two digits each; ONNX Runtime has two photographs as well.
        ("local", "numpy"): 2,
        ("local", "torch"): 2,
        ("local", "tensorflow"): 2,
        ("local", "onnxruntime"): 4,
        ("mask", "numpy"): 8,
        ("mask", "torch"): 8,
        ("mask", "tensorflow"): 8,
        ("emulated", "numpy"): 10,
        ("emulated", "onnxruntime"): 12,
    }
    limited = {c.variant.framework for c in cells if c.variant.environment}
    assert limited == {"tensorflow"}
    assert {c.workload.weights for c in cells if c.workload.source == "builtin"} == {"trained"}
    photographs = {c.input.label for c in cells if c.workload.label == "pp-ocr-direction"}
    assert photographs == {"china.jpg", "flower.jpg"}


def test_layers_makes_each_digit_in_two_shapes(tmp_path: Path) -> None:
    cells = plan("layers", tmp_path).cells
    assert all(cell.observe.layers for cell in cells)
    inputs = {(c.workload.label, c.input.id) for c in cells}
    assert len(inputs) == 9
    assert len({given for _, given in inputs}) == 6


def test_onednn_has_each_switch_in_its_own_framework_alone(tmp_path: Path) -> None:
    cells = plan("onednn", tmp_path).cells
    switches = {
        (c.variant.framework, *c.variant.environment, *c.variant.flags)
        for c in cells
        if c.workload.label == "conv-256"
    }
    assert switches == {
        ("tensorflow", ("TF_ENABLE_ONEDNN_OPTS", "0")),
        ("tensorflow", ("TF_ENABLE_ONEDNN_OPTS", "1")),
        ("torch", ("mkldnn", False)),
        ("torch", ("mkldnn", True)),
    }


def test_the_models_of_experiments_are_small() -> None:
    files = [path for path in (FOLDER / "models").iterdir() if path.suffix in (".onnx", ".pt2")]
    assert len(files) == 4
    assert all(path.stat().st_size < 50_000 for path in files)


@pytest.mark.frameworks
@pytest.mark.slow
def test_the_models_of_experiments_are_what_their_script_makes(tmp_path: Path) -> None:
    """To the byte, with the versions of images/lock.txt: exporters write theirs into the files."""
    script = FOLDER / "models" / "make.py"
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (FOLDER / "models" / path.name).read_bytes(), path.name
