"""``eqc`` with URLs in place of folders, as processes of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written
from tests.fakes.objects import Server
from tests.unit.store.test_merge import store

pytestmark = pytest.mark.objects

EXPERIMENT = """\
schema: 1
name: tiny
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms:
  - provider: local
observe: {sessions: 1}
"""


class Computer:
    """A computer: a folder where ``eqc`` runs, with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.file = written(folder, EXPERIMENT)

    def eqc(self, *words: object) -> subprocess.CompletedProcess[str]:
        return eqc(*words, cwd=self.folder, XDG_DATA_HOME=str(self.folder / "data"))

    def run(self, url: str) -> subprocess.CompletedProcess[str]:
        return self.eqc("run", self.file, "--results", url, "--isolation", "process")

    def mirrored(self) -> int:
        """The number of observations in all of its mirrors."""
        return sum(
            path.read_bytes().count(b"\n") for path in self.folder.glob("data/**/observations/*")
        )


def test_a_run_in_a_bucket_is_read_and_resumed_elsewhere(url: str, tmp_path: Path) -> None:
    a, b = Computer(tmp_path / "a"), Computer(tmp_path / "b")
    results = f"{url}/results"
    ran = a.run(results)
    assert ran.returncode == 0, ran.stderr
    assert f"shared:  {results}" in ran.stdout
    assert not (a.folder / "results").exists()
    again = b.run(results)
    assert again.returncode == 0, again.stderr
    assert b.mirrored() == a.mirrored() == 1
    shown = b.eqc("report", results, "--format", "json")
    assert shown.returncode == 0, shown.stderr
    classes = [p["classes"] for p in json.loads(shown.stdout)["partitions"]]
    assert [[c["platforms"] for c in each] for each in classes] == [[["local"]]]


def test_stores_in_buckets_are_merged_from_and_into(s3_url: str, tmp_path: Path) -> None:
    a, b = Computer(tmp_path / "a"), Computer(tmp_path / "b")
    store(a.folder / "results", session=0)
    merged = a.eqc("merge", "results", "-o", f"{s3_url}/all")
    assert merged.returncode == 0, merged.stderr
    assert f"pushed to {s3_url}/all" in merged.stderr
    home = b.eqc("merge", f"{s3_url}/all", "-o", "here")
    assert home.returncode == 0, home.stderr
    assert [record.session for record in read(b.folder / "here").records] == [0]
    assert len(read(b.folder / "here").planned) == 1


def test_a_missing_bucket_is_reported_before_anything_is_computed(
    only_s3: Server, tmp_path: Path
) -> None:
    a = Computer(tmp_path / "a")
    ran = a.run("s3://eqc-no-such-bucket/results")
    assert (ran.returncode, ran.stdout) == (8, "")
    assert "no such bucket" in ran.stderr
    assert a.mirrored() == 0
