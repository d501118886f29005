"""Reading a store of many observations: without a cache, with one, and what comes after.

    python bench/read.py [--observations N] [--outputs N]

Each step is in a process of its own and starts from the files; seconds are its processor's, the
least of several. To compare two versions run it in each of them in turn. Steps: *no cache*
parses the lines; *cache* checks their contents against the columnar cache and loads it; *summary*
is all that ``eqc report`` computes from what was read; *resume* is what ``eqc run`` reads before it
goes on; *merge* unites two halves of the store. With the most memory that the step had.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from synthetic.fleet import ROOT
from synthetic.observations import written

from orchestrator.api import findings
from orchestrator.store.merge import merge
from orchestrator.store.read import read
from orchestrator.store.run_folder import RunFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--outputs", type=int, default=4, help="Of each: a final one, and layers.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--store", type=Path, help="Where the store is, or is to be made.")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(*STEPS[options.step](options.store))
        return
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or Path(folder) / "store"
        if not store.exists():
            written(store / "bench" / "r1", options.observations, options.outputs)
        read(store)
        count = sum(path.read_bytes().count(b"\n") for path in store.rglob("*.jsonl"))
        print(f"{count:,} observations of {options.outputs} outputs, from {ROOT.name}")
        for step in STEPS:
            tries = [alone(step, store) for _ in range(options.repeats)]
            seconds, memory = (min(column) for column in zip(*tries, strict=True))
            print(f"  {step:10} {seconds:8.3f} s   {memory:6.2f} GiB")


def alone(step: str, store: Path) -> tuple[float, float]:
    """(seconds, GiB) of ``step``, by a process that does nothing else."""
    command = [sys.executable, __file__, "--step", step, "--store", str(store)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def timed(action: Callable[[], object]) -> tuple[float, float]:
    start = time.process_time()
    kept = action()
    seconds = time.process_time() - start
    del kept
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def summary(store: Path) -> tuple[float, float]:
    found = findings(store)
    return timed(lambda: found.summary)


def resume(store: Path) -> tuple[float, float]:
    (run,) = (path.parent for path in store.rglob("run.json"))
    return timed(lambda: RunFolder(run).sessions_done())


def merged(store: Path) -> tuple[float, float]:
    (run,) = (path.parent for path in store.rglob("run.json"))
    with tempfile.TemporaryDirectory() as folder:
        halves = [Path(folder) / name for name in "ab"]
        for half in halves:
            (half / "observations").mkdir(parents=True)
            shutil.copyfile(run / "run.json", half / "run.json")
        for place, path in enumerate(sorted((run / "observations").iterdir())):
            (halves[place % 2] / "observations" / path.name).hardlink_to(path)
        return timed(lambda: merge(halves, Path(folder) / "merged"))


STEPS: dict[str, Callable[[Path], tuple[float, float]]] = {
    "no cache": lambda store: timed(lambda: read(store, cached_from=sys.maxsize)),
    "cache": lambda store: timed(lambda: read(store)),
    "summary": summary,
    "resume": resume,
    "merge": merged,
}

if __name__ == "__main__":
    main()
