"""Time of forked and of cold sessions: 33 sessions of `cifar10-small` with each framework.

    python bench/sessions.py [FRAMEWORK...]

Prints wall time, and the processor time (user and system) of the runner and all its children,
which other work on the machine changes less; and for both the ratio of forked to cold.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

SESSIONS = 33
RUNNER = Path(__file__).resolve().parent.parent / "images" / "runner"


FRAMEWORKS = ("numpy", "onnxruntime", "torch", "tensorflow")


class Seconds(NamedTuple):
    """What a run took: by the clock, and of processors."""

    wall: float
    processor: float


def seconds(framework: str, mode: str) -> Seconds:
    """The time of one runner that observes ``SESSIONS`` sessions."""
    with tempfile.TemporaryDirectory() as folder:
        job, out = Path(folder, "job"), Path(folder, "out")
        (job / "inputs").mkdir(parents=True)
        out.mkdir()
        np.save(job / "inputs" / "x.npy", np.full((1, 32, 32, 3), 0.5, dtype=np.float32))
        cell = {
            "cell": "0" * 16,
            "framework": framework,
            "environment": {},
            "workload": {"source": "builtin", "name": "cifar10-small", "path": None, "sha256": None,
                         "weights": "seed:1", "weights_path": None, "arguments": {}},
            "input": {"tensors": {"input": "inputs/x.npy"}},
            "precision": "float32", "threads": None, "batch": None, "device": "cpu", "flags": {},
            "sessions": list(range(SESSIONS)), "mode": mode,
            "layers": False, "kernels": False, "keep": "final",
        }  # fmt: skip
        document = {"schema": 1, "job": "bench", "deadline": None, "launcher": [], "emulated": None,
                    "limits": {"memory_bytes": None, "session_seconds": 600}, "probe": False,
                    "cells": [cell]}  # fmt: skip
        (job / "job.json").write_text(json.dumps(document))
        began, before = time.perf_counter(), children()
        subprocess.run(
            [sys.executable, "-m", "eqc_runner", "run", str(job), str(out)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(RUNNER)},
        )  # fmt: skip
        took = Seconds(time.perf_counter() - began, children() - before)
        lines = [json.loads(line) for line in (out / "observations.jsonl").open()]
        assert [line["status"] for line in lines] == ["ok"] * SESSIONS, lines[:1]
        assert len({line["outputs"][0]["digest"] for line in lines}) == 1
    return took


def children() -> float:
    """Processor seconds of all children that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    print(f"{SESSIONS} sessions of cifar10-small; seconds, processor seconds in brackets")
    for framework in sys.argv[1:] or FRAMEWORKS:
        fork, cold = seconds(framework, "fork"), seconds(framework, "cold")
        print(
            f"{framework:12} fork {fork.wall:7.2f} ({fork.processor:7.2f})   "
            f"cold {cold.wall:7.2f} ({cold.processor:7.2f})   ratio {fork.wall / cold.wall:.3f} "
            f"({fork.processor / cold.processor:.3f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
