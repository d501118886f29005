"""The aggregator: the published pairwise method against ours, and a very large fleet.

    python bench/aggregate.py [--platforms N] [--stem study|cifar] [--fleet N] [--skip-fleet]

*Pairwise* is written anew from its description: per layer, the unique rows, and the minimum over
all pairs of platforms of the shift-and-compare precision (shift both bit patterns right until
all elements are equal). A second, kinder form compares only pairs of unique rows, each in one
pass: the leading equal mantissa bits of the largest XOR. Its tensors are in memory already; what
it would take to fetch and parse them is not counted. Its time grows with the activations, ours
from observations does not: ``study`` is the model of the study, with small activations,
``cifar`` its form for small images, with fourteen times as many elements.

*Ours* gives the same, classes and precision of every layer, from stored observations (JSON files
on disk, and once parsed) and from raw tensors (digest of every tensor, chain of every distinct
one). All methods must agree on every layer, or the benchmark fails.

*Fleet*: N platforms x 9 partitions x 60 outputs, 16 classes each: partitions, precision and
dendrograms of all outputs, in a process of its own; and a tenth of it, for the growth.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from synthetic.fleet import Layers, described, layers, record, simulated, stored

from eqc_runner.digest import digest
from eqc_runner.tensor import Tensor
from orchestrator.analysis.layers import layer_grids, layer_profile
from orchestrator.analysis.partition import partitions
from orchestrator.analysis.table import observations_table
from orchestrator.store.read import read

M = 23
Found = list[tuple[int, int]]
"""(classes, remaining precision), layer by layer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--platforms", type=int, default=64)
    parser.add_argument("--stem", choices=("study", "cifar"), help="Of the model; default: both.")
    parser.add_argument("--fleet", type=int, default=10_000)
    parser.add_argument("--skip-fleet", action="store_true")
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        large_fleet(options.only)
        return
    for stem in (options.stem,) if options.stem else ("study", "cifar"):
        against_pairwise(stem, options.platforms)
    if not options.skip_fleet:
        growth(options.fleet)


def against_pairwise(stem: str, platforms: int) -> None:
    fleet = layers(stem, platforms)
    elements = sum(tensors[0].size for _, tensors, _ in fleet)
    print(f"{platforms} platforms x {len(fleet)} layers, {elements:,} elements each, stem {stem}")
    with tempfile.TemporaryDirectory() as folder:
        stored(Path(folder) / "run", fleet, platforms)
        from_store, ours = clock(lambda: profile(read(Path(folder)).records), repeats=9)
        records = read(Path(folder)).records
    in_memory, same = clock(lambda: profile(records), repeats=9)
    from_raw, raw = clock(lambda: profile(identified(fleet, platforms)), repeats=5)
    kind, kinder = clock(lambda: [one_pass(stack(of, tensors)) for _, tensors, of in fleet])
    published, theirs = clock(lambda: [pairwise(stack(of, tensors)) for _, tensors, of in fleet])
    if not ours == same == raw == theirs == kinder:
        raise SystemExit("the methods disagree")
    print(f"  pairwise, all pairs of platforms      {published:9.3f} s")
    print(f"  pairwise, unique rows in one pass     {kind:9.3f} s")
    for name, seconds, target in (
        ("stored observations", from_store, 1000),
        ("records in memory", in_memory, 1000),
        ("raw tensors", from_raw, 100),
    ):
        print(
            f"  ours, from {name:22}     {seconds:9.3f} s   {published / seconds:7,.0f} times "
            f"faster (target {target:,}); {kind / seconds:.1f} times the kinder form"
        )


def pairwise(rows: npt.NDArray[np.float32]) -> tuple[int, int]:
    """(classes, remaining precision) of (platforms, elements), as published."""
    classes = len(np.unique(rows, axis=0))
    bits = rows.view(np.int32)
    return classes, min(shift_and_compare(a, b) for a, b in combinations(bits, 2))


def shift_and_compare(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32]) -> int:
    """Mantissa bits, 0…23, on which all elements agree; 0 if a sign or exponent differs."""
    for shift in range(M + 1):
        if np.all(a >> shift == b >> shift):
            return M - shift
    return 0


def one_pass(rows: npt.NDArray[np.float32]) -> tuple[int, int]:
    """As ``pairwise``, over pairs of unique rows, without shifting."""
    bits = np.unique(rows.view(np.uint32), axis=0)
    worst = max((int((a ^ b).max()) for a, b in combinations(bits, 2)), default=0)
    return len(bits), max(M - worst.bit_length(), 0)


def profile(records: Any) -> Found:
    observations = observations_table(records)
    rows = layer_profile(observations, layer_grids(observations)[0]).rows
    return [(row.classes, int(row.remaining_precision or 0)) for row in rows]


def identified(fleet: Layers, platforms: int) -> list[dict[str, Any]]:
    """Records from raw tensors: the digest of each, the chain of each distinct one."""
    known: dict[tuple[int, str], dict[str, Any]] = {}
    own: list[list[dict[str, Any]]] = [[] for _ in range(platforms)]
    for index, (layer, tensors, of) in enumerate(fleet):
        for place in range(platforms):
            tensor = tensors[of[place]]
            key = (index, digest(Tensor("float32", tensor)))
            if key not in known:
                known[key] = described(layer, index, tensor)
            own[place].append(known[key])
    return [record(f"p{place:03}", 0, outputs) for place, outputs in enumerate(own)]


def stack(of: list[int], tensors: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.stack([tensors[which].reshape(-1) for which in of])


def growth(platforms: int) -> None:
    print(f"{platforms:,} platforms x 9 partitions x 60 outputs, 16 classes")
    seconds = []
    for number in (platforms // 10, platforms):
        command = [sys.executable, __file__, "--only", str(number)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print("  " + done.stdout.strip().replace("\n", "\n  "))
        seconds.append(float(done.stdout.rsplit("total", 1)[1].split()[0]))
    print(f"  ten times the rows: {seconds[1] / seconds[0]:.1f} times the time (target 12)")


def large_fleet(platforms: int) -> None:
    """Prints one line per step and the total, with the most memory this process ever had."""
    records = simulated(platforms)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps = []
    seconds, observations = clock(lambda: observations_table(records))
    steps.append(("table", seconds))
    seconds, layered = clock(lambda: partitions(observations, role="layer"))
    steps.append(("partitions, precision, dendrograms of layers", seconds))
    seconds, final = clock(lambda: partitions(observations))
    steps.append(("of final outputs", seconds))
    if len(layered) + len(final) != 540 or any(len(each.classes) != 16 for each in layered):
        raise SystemExit("not the partitions that were made")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{platforms:,} platforms, {len(observations.table):,} outputs")
    for name, taken in steps:
        print(f"  {taken:7.2f} s  {name}")
    total = sum(taken for _, taken in steps)
    print(f"  total {total:.2f} s; {most / 2**20:.2f} GiB at most, {before / 2**20:.2f} as records")


def clock(action: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """(least seconds, result)."""
    least = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        result = action()
        least = min(least, time.perf_counter() - start)
    return least, result


if __name__ == "__main__":
    main()
