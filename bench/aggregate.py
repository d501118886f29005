"""Time of the analysis: the study's pairwise method against ours.

    python bench/aggregate.py [--platforms N] [--stem study|cifar]

*Pairwise* is our implementation of the study's description: per layer, the unique rows, and the
minimum over all pairs of platforms of the shift-and-compare precision (shift both bit patterns
right until all elements are equal). A faster form compares only pairs of unique rows, each in one
pass: the leading equal mantissa bits of the largest XOR. Both have the tensors in memory; fetching
and parsing them is not counted. Their time grows with the size of the activations, ours from
observations does not: ``study`` is the study's model, with small activations, ``cifar`` its form
for small images, with fourteen times as many elements.

*Ours* gives the same result, classes and precision of every layer: from stored observations at
the first reading (JSON lines; the cache is not written) and at later ones (the columnar cache,
checked against the content of the lines); from records in memory; and from raw tensors (digest of
every tensor, chain of every distinct one). The benchmark fails unless all methods agree on every
layer. For each method the least time of several repetitions is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from synthetic.fleet import Layers, described, layers, line, stored

from eqc_runner.digest import digest
from eqc_runner.tensor import Tensor
from orchestrator.analysis.findings import Findings
from orchestrator.results.outputs import OutputPool
from orchestrator.results.record import Observation
from orchestrator.store.parse import parse_observation
from orchestrator.store.read import read

M = 23
Found = list[tuple[int, int]]
"""(classes, remaining precision), layer by layer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--platforms", type=int, default=64)
    parser.add_argument("--stem", choices=("study", "cifar"), help="Of the model; default: both.")
    options = parser.parse_args()
    for stem in (options.stem,) if options.stem else ("study", "cifar"):
        against_pairwise(stem, options.platforms)


def against_pairwise(stem: str, platforms: int) -> None:
    fleet = layers(stem, platforms)
    elements = sum(tensors[0].size for _, tensors, _ in fleet)
    print(f"{platforms} platforms x {len(fleet)} layers, {elements:,} elements each, stem {stem}")
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        stored(store / "run", fleet, platforms)
        lines, first = clock(lambda: profile(read(store, cached_from=sys.maxsize).records), 9)
        records = read(store, cached_from=0).records
        cached, again = clock(lambda: profile(read(store, cached_from=0).records), 15)
    in_memory, same = clock(lambda: profile(records), 15)
    from_raw, raw = clock(lambda: profile(identified(fleet, platforms)), 9)
    # A method that takes a minute needs no repetition: other load averages out meanwhile.
    repeats = 3 if elements < 1_000_000 else 1
    in_one_pass, fast_pairs = clock(
        lambda: [one_pass(stack(of, ts)) for _, ts, of in fleet], repeats
    )
    published, theirs = clock(lambda: [pairwise(stack(of, ts)) for _, ts, of in fleet], repeats)
    if not first == again == same == raw == theirs == fast_pairs:
        raise SystemExit("the methods disagree")
    print(f"  pairwise, all pairs of platforms      {published:9.4f} s")
    print(f"  pairwise, unique rows in one pass     {in_one_pass:9.4f} s")
    for name, seconds, target in (
        ("stored observations", cached, 1000),
        ("the same, first time", lines, None),
        ("records in memory", in_memory, None),
        ("raw tensors", from_raw, 100),
    ):
        aim = f" (target {target:,})" if target else ""
        print(
            f"  ours, from {name:22}     {seconds:9.4f} s   {published / seconds:7,.0f} times "
            f"faster{aim}; {in_one_pass / seconds:.1f} times faster than one pass"
        )


def pairwise(rows: npt.NDArray[np.float32]) -> tuple[int, int]:
    """(classes, remaining precision) of rows (platforms, elements), as in the study."""
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
    """As ``pairwise``, but over pairs of unique rows and without shifting: the faster form."""
    bits = np.unique(rows.view(np.uint32), axis=0)
    worst = max((int((a ^ b).max()) for a, b in combinations(bits, 2)), default=0)
    return len(bits), max(M - worst.bit_length(), 0)


def profile(records: Sequence[Observation]) -> Found:
    rows = Findings(records, {}).layers[0].rows
    return [(row.classes, int(row.remaining_precision or 0)) for row in rows]


def identified(fleet: Layers, platforms: int) -> list[Observation]:
    """Observations from raw tensors: the digest of each, the chain of each distinct one."""
    known: dict[tuple[int, str], dict[str, Any]] = {}
    own: list[list[dict[str, Any]]] = [[] for _ in range(platforms)]
    for index, (layer, tensors, of) in enumerate(fleet):
        for place in range(platforms):
            tensor = tensors[of[place]]
            key = (index, digest(Tensor("float32", tensor)))
            if key not in known:
                known[key] = described(layer, index, tensor)
            own[place].append(known[key])
    pool = OutputPool()
    return [
        parse_observation(line(f"p{place:03}", 0, outputs), pool)
        for place, outputs in enumerate(own)
    ]


def stack(of: list[int], tensors: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.stack([tensors[which].reshape(-1) for which in of])


def clock(action: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """(least seconds, result)."""
    least = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        result = action()
        least = min(least, time.perf_counter() - start)
    return least, result


if __name__ == "__main__":
    main()
