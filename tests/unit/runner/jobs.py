"""Jobs for the runner's tests: written as files, run as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data" / "runner"
RUNNER = ROOT / "images" / "runner"


def environment(log: Path) -> dict[str, str]:
    """What a runner process needs to find itself and the frameworks of tests."""
    return {
        **os.environ,
        "PYTHONPATH": str(RUNNER),
        "EQC_FRAMEWORKS": str(DATA),
        "IMPORT_LOG": str(log),
    }


@dataclass
class Bench:
    """A folder with a job that a test adds cells to and then runs."""

    folder: Path
    cells: list[dict[str, Any]] = field(default_factory=list)

    @property
    def job(self) -> Path:
        return self.folder / "job"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def log(self) -> Path:
        return self.folder / "imports.log"

    def imports(self) -> int:
        """The number of worker processes that began to import their framework."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def cell(self, how: str, **changes: Any) -> str:
        """Add a cell whose model does ``how`` (see misbehaving.py); returns its id."""
        inputs = self.job / "inputs"
        inputs.mkdir(parents=True, exist_ok=True)
        np.save(inputs / "x.npy", np.array([[1.5, -0.0, 3.25]], dtype=np.float32))
        name = f"{len(self.cells):016x}"
        record = {
            "cell": name,
            "framework": "misbehaving",
            "environment": {},
            "workload": {"source": "builtin", "name": how, "path": None, "sha256": None},
            "input": {"tensors": {"input": "inputs/x.npy"}},
            "precision": "float32",
            "threads": None,
            "batch": None,
            "device": "cpu",
            "flags": {},
            "sessions": [0],
            "mode": "fork",
            "layers": False,
            "kernels": False,
            "keep": "none",
        }
        record.update(changes)
        self.cells.append(record)
        return name

    def write(self, **changes: Any) -> None:
        content = {
            "schema": 1,
            "job": "test",
            "deadline": None,
            "launcher": [],
            "emulated": None,
            "limits": {"memory_bytes": None, "session_seconds": 60},
            "probe": False,
            "cells": self.cells,
        }
        content.update(changes)
        self.job.mkdir(exist_ok=True)
        (self.job / "job.json").write_text(json.dumps(content))

    def start(self, extra: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "eqc_runner", "run", str(self.job), str(self.out)],
            env={**environment(self.log), **(extra or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *, code: int = 0, **changes: Any) -> dict[tuple[str, int], dict[str, Any]]:
        """Run to the end and check the exit code; returns observations by (cell, session)."""
        self.write(**changes)
        with self.start() as process:
            self.stdout, self.stderr = process.communicate(timeout=120)
        assert process.returncode == code, self.stderr.decode()
        return self.observations()

    def observations(self) -> dict[tuple[str, int], dict[str, Any]]:
        records = [
            json.loads(line) for line in (self.out / "observations.jsonl").read_text().splitlines()
        ]
        keyed = {(record["cell"], record["session"]): record for record in records}
        assert len(keyed) == len(records), "a session has two lines"
        return keyed
