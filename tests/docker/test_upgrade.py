"""An upgrade of ONNX Runtime by the lock that images are built with: two images, one store."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.api import findings
from orchestrator.store.read import read
from tests.e2e.running import command, environment, written
from tests.environment import ROOT
from tests.index import needs_index

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.frameworks]
OLD = "1.24.1"
TEXT = """\
schema: 1
name: upgrade
workloads: [{model: "builtin:cifar10-small", on: [onnxruntime]}]
inputs: [{images: ["digits:0"]}]
platforms: [{provider: local}PLATFORMS]
observe: {sessions: SESSIONS}
isolation: docker
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This program with the older version in its lock."""
    needs_index("onnxruntime", OLD)
    folder = tmp_path_factory.mktemp("old")
    for part in ("orchestrator", "images"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    lock = folder / "images" / "lock.txt"
    lock.write_text(re.sub(r"(?m)^onnxruntime==.*$", f"onnxruntime=={OLD}", lock.read_text()))
    return folder


def run(
    program: Path, folder: Path, *words: str, sessions: int = 1, platforms: str = ""
) -> subprocess.CompletedProcess[str]:
    text = TEXT.replace("SESSIONS", str(sessions)).replace("PLATFORMS", platforms)
    paths = f"{program}:{program / 'images' / 'runner'}"
    done = subprocess.run(
        command("run", written(folder, text), *words),
        cwd=folder,
        env={**environment(), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_images_of_two_locks_are_two_software(old: Path, tmp_path: Path) -> None:
    run(old, tmp_path)
    done = run(ROOT, tmp_path, sessions=2)
    assert f"onnxruntime {OLD} computed 1 of these sessions; computing them with" in done.stderr
    records = read(tmp_path / "results").records
    assert len(records) == 3
    assert len({record.software.id for record in records}) == 2
    found = findings(tmp_path / "results").summary
    (partition,) = found.partitions
    assert partition.sessions == 2
    assert partition.computed_by != f"onnxruntime {OLD}"
    assert found.determinism.variations == ()
    both = findings(tmp_path / "results", software=["all"]).summary
    assert [one.sessions for one in both.partitions] == [1, 2]


@pytest.mark.emulated
def test_an_added_platform_is_compared_with_what_the_same_software_computed(
    old: Path, tmp_path: Path
) -> None:
    emulated = ", {provider: emulated, cpu: [Haswell]}"
    run(old, tmp_path)
    run(ROOT, tmp_path, platforms=emulated)
    run(ROOT, tmp_path, "--results", "fresh", platforms=emulated)
    (partition,) = findings(tmp_path / "results").summary.partitions
    (afresh,) = findings(tmp_path / "fresh").summary.partitions
    assert partition.missing == ()
    assert partition.classes == afresh.classes
