"""Time of sessions on this CPU presented as itself, compared with plain ones.

    python bench/presented.py [--frameworks numpy,torch] [--rounds N] [--sessions N]

Needs what `--isolation process` needs to present a CPU: a C compiler and iced-x86. Prints, for each
framework, seconds of processor time of a session after the start (model loaded, run, layers run,
digested), plain and by each method that this CPU offers, and the ratio to plain; then the same for
the start (a process with the framework imported, and one session). A session is what a run of many
sessions takes more than a run of one, divided. Ways are measured in turn, and the least of the
rounds counts, so that other load slows them alike. Ends with 1 where an output or a layer is not
the plain run's, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "images" / "runner"))

from eqc_runner.probe.leaves import collect
from eqc_runner.probe.machine_code import cpuid, xgetbv
from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.presentation import presentation_files
from orchestrator.executors.process import environment

WAYS = ("plain", "faulting", "patching")
FRAMEWORKS = "numpy,onnxruntime,torch,tensorflow"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--frameworks", default=FRAMEWORKS)
    parser.add_argument("--model", default="cifar10-small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    try:
        files = presentation_files()
    except EnvironmentNotReady as error:
        print(f"not measured here: {error}")
        return 0
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
        few: dict[str, list[float]] = defaultdict(list)
        many: dict[str, list[float]] = defaultdict(list)
        outputs: dict[str, set[str]] = defaultdict(set)
        for _ in range(options.rounds):
            for way in WAYS:
                asked = None if way == "plain" else presented
                for count, kept in ((1, few), (1 + options.sessions, many)):
                    with tempfile.TemporaryDirectory() as folder:
                        place = job(Path(folder), framework, options, asked, count)
                        found = run(Path(folder), place, way)
                    if found is not None:
                        kept[way].append(found[0])
                        outputs[way] |= found[1]
        session = {w: (min(many[w]) - min(few[w])) / options.sessions for w in many}
        for way in WAYS:
            if way not in session:
                print(f"{framework:>12} {way:>9}   not on this CPU")
                continue
            same = len(outputs[way]) == 1 and outputs[way] == outputs["plain"]
            right = right and same
            print(
                f"{framework:>12} {way:>9} {session[way]:10.4f} "
                f"{session[way] / session['plain']:6.2f} {min(few[way]):8.2f} "
                f"{min(few[way]) / min(few['plain']):6.2f}{'' if same else '   other bits'}"
            )
    return 0 if right else 1


def job(
    folder: Path, framework: str, options: Any, presented: dict[str, Any] | None, sessions: int
) -> Path:
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
        "sessions": list(range(sessions)),
        "mode": "fork",
        "layers": True,
    }
    content = {"schema": 1, "presented": presented, "probe": False, "cells": [cell]}
    (folder / "job" / "job.json").write_text(json.dumps(content))
    return folder / "job"


def run(folder: Path, job: Path, way: str) -> tuple[float, set[str]] | None:
    """Processor seconds of a runner with its children, and digests; ``None``: no such way."""
    out = folder / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "eqc_runner", "run", str(job), str(out)],
        env={**environment(), "EQC_PRESENTED_METHOD": way},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = (out / "observations.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    reason = records[0]["reason"]
    if reason is not None and "no CPUID faulting" in reason["message"]:
        return None
    if reason is not None:
        raise SystemExit(f"{way}: {reason['message']}\n{reason['stderr']}")
    digests = {json.dumps([o["digest"] for o in record["outputs"]]) for record in records}
    return used.ru_utime + used.ru_stime, digests


if __name__ == "__main__":
    os.environ.pop("LD_AUDIT", None)
    sys.exit(main())
