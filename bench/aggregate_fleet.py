"""Time and memory of the analysis of a very large fleet, and how they grow.

    python bench/aggregate_fleet.py [--platforms N] [--stored N]

N platforms x 9 partitions x 60 outputs, 16 classes each: partitions, precision and dendrograms of
all outputs are computed in a process of their own; then those of a tenth of the platforms, which
gives the growth. First from records in memory; then, for a smaller fleet, from a store on disk
(0.4 MB per platform) that has its cache, including checking the lines and loading the cache.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from synthetic.fleet import simulated

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.observations.table import observations_table
from orchestrator.results.outputs import OutputPool
from orchestrator.results.record import Observation
from orchestrator.store.parse import parse_observation
from orchestrator.store.read import read

Records = Iterable[Observation]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--platforms", type=int, default=10_000)
    parser.add_argument("--stored", type=int, default=1_000)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        pool = OutputPool()
        records = [parse_observation(line, pool) for line in simulated(options.only)]
        analysed(lambda: records)
    elif options.store:
        analysed(lambda: read(options.store).records)
    else:
        print("records in memory")
        growth(lambda number: alone("--only", str(number)), options.platforms)
        print("store on disk")
        growth(from_disk, options.stored)


def growth(measure: Callable[[int], float], platforms: int) -> None:
    few, many = measure(platforms // 10), measure(platforms)
    print(f"  ten times the rows: {many / few:.1f} times the time (target 12)")


def alone(*words: str) -> float:
    """Run this file with ``words``, print its output, and return the total seconds in it."""
    command = [sys.executable, __file__, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print("  " + done.stdout.strip().replace("\n", "\n  "))
    return float(done.stdout.rsplit("total", 1)[1].split()[0])


def from_disk(platforms: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        written(run, platforms)
        start = time.perf_counter()
        read(run)
        print(f"  {platforms:,} platforms: read first, cache written {since(start):.2f} s")
        return alone("--store", folder)


def written(run: Path, platforms: int) -> None:
    (run / "observations").mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"schema": 1, "run": "r", "experiment": "bench"}))
    for line in simulated(platforms):
        with (run / "observations" / f"{line['platform']['name']}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def analysed(load: Callable[[], Records]) -> None:
    """Prints one line per step and the total, with the peak memory of this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = start = time.perf_counter()
    records = load()
    steps = [("records", since(start))]
    start = time.perf_counter()
    observations = observations_table(records)
    steps.append(("table", since(start)))
    start = time.perf_counter()
    layered = partitions(observations, role="layer")
    steps.append(("partitions, precision, dendrograms of layers", since(start)))
    start = time.perf_counter()
    final = partitions(observations)
    steps.append(("of final outputs", since(start)))
    total = since(begin)
    # With few platforms a layer may lack a class, but not every layer does.
    if len(layered) + len(final) != 540 or max(len(each.classes) for each in layered) != 16:
        raise SystemExit("the partitions are not those that were generated")
    platforms, outputs = observations.outputs.platform.names, observations.outputs.digest
    print(f"{len(platforms):,} platforms, {outputs.size:,} outputs")
    for name, taken in steps:
        print(f"  {taken:7.2f} s  {name}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"  total {total:.2f} s; {most / 2**20:.2f} GiB at most, {before / 2**20:.2f} at first")


def since(start: float) -> float:
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
