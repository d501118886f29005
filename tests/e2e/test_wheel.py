"""An installed wheel works in an empty folder: images, schemas and runner are inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import SMALL, written
from tests.environment import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with only the wheel's content; dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator.cli.main", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("isolation", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_a_run_from_the_wheel(installed: Path, tmp_path: Path, isolation: str) -> None:
    written(tmp_path, SMALL)
    done = run(installed, tmp_path, "run", "experiment.yaml", "--isolation", isolation)
    assert done.returncode == 0, done.stderr
    assert (next((tmp_path / "results" / "small").iterdir()) / "report" / "index.html").is_file()


def test_schemas_and_probe_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    for which in ("experiment", "observation"):
        done = run(installed, tmp_path, "schema", which)
        assert "properties" in json.dumps(json.loads(done.stdout))
    assert json.loads(run(installed, tmp_path, "probe", "--json").stdout)["cpu"]["vendor"]
    code = "import orchestrator; print(orchestrator.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert str(installed) in where.stdout
