"""Time of sessions on this CPU presented as itself, compared with plain ones.

    python bench/presented.py [--frameworks numpy,torch] [--rounds N] [--sessions N]

Needs what `--isolation process` needs to present a CPU: a C compiler and iced-x86. Prints, for each
framework, the least seconds of a session after the start (model loaded, run, layers run, digested),
plain and by each method that this CPU offers, and the ratio to plain; then the same for the start
(import of the framework). The ways are measured in turn, so that other load slows them alike. Ends
with 1 where an output or a layer is not the plain run's, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "images" / "runner"))

from eqc_runner.probe.leaves import collect
from eqc_runner.probe.machine_code import cpuid, xgetbv
from orchestrator.executors.presentation import presentation_files
from orchestrator.executors.process import environment

WAYS = ("plain", "faulting", "patching")
FRAMEWORKS = "numpy,onnxruntime,torch,tensorflow"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--frameworks", default=FRAMEWORKS)
    parser.add_argument("--model", default="cifar10-small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    files = presentation_files()
    presented = {
        "name": "this",
        "leaves": collect(cpuid),
        "xcr0": f"0x{xgetbv():x}",
        "library": str(files.library),
        "sites": str(files.sites),
    }
    right = True
    print(
        f"{'framework':>12} {'way':>9} {'session s':>10} {'ratio':>6} {'start s':>8} {'ratio':>6}"
    )
    for framework in options.frameworks.split(","):
        session: dict[str, list[float]] = defaultdict(list)
        start: dict[str, list[float]] = defaultdict(list)
        outputs: dict[str, set[str]] = defaultdict(set)
        for _ in range(options.rounds):
            for way in WAYS:
                with tempfile.TemporaryDirectory() as folder:
                    asked = None if way == "plain" else presented
                    record = run(Path(folder), job(Path(folder), framework, options, asked), way)
                if record is None:
                    continue
                seconds, least, digests = record
                session[way].append(least)
                start[way].append(seconds)
                outputs[way].add(digests)
        for way in WAYS:
            if not session[way]:
                print(f"{framework:>12} {way:>9}   not on this CPU")
                continue
            right = right and outputs[way] == outputs["plain"]
            least, first = min(session[way]), min(start[way])
            print(
                f"{framework:>12} {way:>9} {least:10.4f} {least / min(session['plain']):6.2f} "
                f"{first:8.2f} {first / min(start['plain']):6.2f}"
                f"{'' if outputs[way] == outputs['plain'] else '   other bits'}"
            )
    return 0 if right else 1


def job(folder: Path, framework: str, options: Any, presented: dict[str, Any] | None) -> Path:
    """A job of one cell; its folder."""
    inputs = folder / "job" / "inputs"
    inputs.mkdir(parents=True)
    image = np.random.default_rng(0).random((1, 32, 32, 3)).astype(np.float32)
    np.save(inputs / "x.npy", image)
    workload = {"source": "builtin", "name": options.model, "path": None, "sha256": None}
    cell = {
        "cell": "0" * 16,
        "framework": framework,
        "environment": {},
        "workload": {**workload, "weights": "seed:1", "arguments": {}},
        "input": {"tensors": {"input": "inputs/x.npy"}},
        "precision": "float32",
        "threads": options.threads,
        "sessions": list(range(options.sessions)),
        "mode": "fork",
        "layers": True,
    }
    content = {"schema": 1, "presented": presented, "probe": False, "cells": [cell]}
    (folder / "job" / "job.json").write_text(json.dumps(content))
    return folder / "job"


def run(folder: Path, job: Path, way: str) -> tuple[float, float, str] | None:
    """Seconds before the first session, least seconds of one, digests; ``None``: no such way."""
    out = folder / "out"
    begun = time.time()
    subprocess.run(
        [sys.executable, "-m", "eqc_runner", "run", str(job), str(out)],
        env={**environment(), "EQC_PRESENTED_METHOD": way},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ended = time.time()
    lines = (out / "observations.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    reason = records[0]["reason"]
    if reason is not None and "no CPUID faulting" in reason["message"]:
        return None
    if reason is not None:
        raise SystemExit(f"{way}: {reason['message']}\n{reason['stderr']}")
    seconds = [record["seconds"] for record in records]
    digests = {json.dumps([o["digest"] for o in record["outputs"]]) for record in records}
    return ended - begun - sum(seconds), min(seconds), "\n".join(sorted(digests))


if __name__ == "__main__":
    os.environ.pop("LD_AUDIT", None)
    sys.exit(main())
