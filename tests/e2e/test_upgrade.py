"""An upgrade of ONNX Runtime, with two real versions of it in two environments.

The older one is installed once into the cache; where the index does not have it the tests are
skipped. Each environment is a venv that has all else from the one the tests run in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from orchestrator.api import findings
from orchestrator.store.read import read
from orchestrator.system.paths import cache_folder
from tests.e2e.running import environment, written
from tests.environment import ROOT
from tests.index import needs_index

onnx = pytest.importorskip("onnx")
pytestmark = [pytest.mark.frameworks, pytest.mark.slow]

OLD = "1.24.1"
TEXT = """\
schema: 1
name: upgrade
workloads: [{model: "onnx:net.onnx", on: [onnxruntime]}]
inputs: [{files: [x.npz]}]
platforms: [{provider: local}PLATFORMS]
observe: {sessions: SESSIONS}
isolation: process
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the older version."""
    needs_index("onnxruntime", OLD, python=f"3.{sys.version_info[1]}")
    installed = cache_folder() / "tests" / f"onnxruntime-{OLD}-{sys.version_info[1]}"
    if not (installed / "onnxruntime").is_dir():
        words = ("install", "--quiet", "--no-deps", "--target", str(installed))
        argv = [sys.executable, "-m", "pip", *words, f"onnxruntime=={OLD}"]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    folder = tmp_path_factory.mktemp("old")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    paths = (installed, sysconfig.get_path("purelib"), ROOT)
    (site / "older.pth").write_text("".join(f"{path}\n" for path in paths))
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def new() -> str:
    return metadata.version("onnxruntime")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a network that the two versions compute with other bits, and its input."""
    random = np.random.default_rng(0)
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    constants = {"scale": np.ones(64, np.float32), "bias": np.zeros(64, np.float32)}
    shape = [4, 64]
    graph = helper.make_graph(
        [helper.make_node("LayerNormalization", ["x", "scale", "bias"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "net.onnx")
    np.savez(tmp_path / "x.npz", x=(random.standard_normal(shape) / 8).astype(np.float32))
    return tmp_path


def run(
    python: Path | str, folder: Path, *words: str, sessions: int = 1, platforms: str = ""
) -> subprocess.CompletedProcess[str]:
    text = TEXT.replace("SESSIONS", str(sessions)).replace("PLATFORMS", platforms)
    path = written(folder, text)
    argv = [str(python), "-m", "orchestrator.cli.main", "run", str(path), *words]
    done = subprocess.run(
        argv, cwd=folder, env=environment(), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def versions(store: Path) -> list[str | None]:
    return sorted(str(record.software.version) for record in read(store).records)


def test_an_upgrade_computes_everything_anew_and_says_so(old: Path, new: str, folder: Path) -> None:
    run(old, folder)
    done = run(sys.executable, folder)
    assert f"onnxruntime {OLD} computed 1 of these sessions; computing them with {new}" in (
        done.stdout + done.stderr
    )
    assert versions(folder / "results") == sorted([OLD, new])
    # And nothing twice: by either.
    for python in (sys.executable, old):
        assert "computing them" not in run(python, folder).stderr
    assert versions(folder / "results") == sorted([OLD, new])


def test_more_sessions_are_not_non_determinism(old: Path, new: str, folder: Path) -> None:
    run(old, folder)
    done = run(sys.executable, folder, sessions=2)
    found = findings(folder / "results").summary
    (partition,) = found.partitions
    assert (partition.computed_by, partition.sessions) == (f"onnxruntime {new}", 2)
    assert found.determinism.variations == ()
    assert found.determinism.judged == 1
    assert f"1 session computed by onnxruntime {OLD} left out" in done.stdout
    both = findings(folder / "results", software=["all"]).summary
    assert [one.variant for one in both.partitions] == [
        f"onnxruntime {OLD} as stored",
        f"onnxruntime {new} as stored",
    ]


@pytest.mark.emulated
def test_an_added_platform_is_not_told_from_the_old_one_by_the_upgrade(
    old: Path, new: str, folder: Path
) -> None:
    run(old, folder)
    run(sys.executable, folder, platforms=", {provider: emulated, cpu: [Haswell]}")
    found = findings(folder / "results")
    (partition,) = found.summary.partitions
    assert partition.missing == ()
    together = sorted(name for group in partition.classes for name in group.platforms)
    assert together == ["emulated/Haswell", "local"]
    fresh = folder / "fresh"
    run(
        sys.executable,
        folder,
        *("--results", str(fresh)),
        platforms=", {provider: emulated, cpu: [Haswell]}",
    )
    (afresh,) = findings(fresh).summary.partitions
    assert partition.classes == afresh.classes


def test_a_merge_keeps_them_apart(old: Path, new: str, folder: Path) -> None:
    run(old, folder, "--results", "first")
    run(sys.executable, folder, "--results", "second")
    # One run's name: as where a store was copied and resumed in two places.
    (mine,) = (folder / "first" / "upgrade").iterdir()
    (other,) = (folder / "second" / "upgrade").iterdir()
    document = json.loads((other / "run.json").read_text()) | {"run": mine.name}
    (other / "run.json").write_text(json.dumps(document))
    for path in other.glob("observations/*.jsonl"):
        path.write_text(path.read_text().replace(other.name, mine.name))
    argv = [sys.executable, "-m", "orchestrator.cli.main", "merge", "first", "second", "-o", "both"]
    done = subprocess.run(argv, cwd=folder, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert versions(folder / "both") == sorted([OLD, new])
    summary = findings(folder / "both").summary
    assert summary.determinism.variations == ()
    assert [one.computed_by for one in summary.partitions] == [f"onnxruntime {new}"]
