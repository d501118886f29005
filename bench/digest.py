"""Speed of digest and precision chain, compared with one plain BLAKE3 of the same bytes.

    python bench/digest.py [--elements N] [--repeats N]

Prints, for each float dtype, GB/s (best of the repeats): of plain BLAKE3, the digest alone, the
chain alone, and both as a session makes them, in one pass by one thread and by two; and how many
times the time of plain BLAKE3 they take. First by the clock, then by the processor's time, in
which two threads cost what both used. All are measured alternately, so that other load on the
machine slows them alike; by the clock only a machine with two idle processors tells anything.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from blake3 import blake3

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "images" / "runner"))

from eqc_runner.chain import chain, digest_and_chain
from eqc_runner.digest import digest
from eqc_runner.tensor import Tensor

COLUMNS = ("plain", "digest", "chain", "1 thread", "2 threads")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--elements", type=int, default=1 << 24)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    measured = [(tensor, best(tensor, options.repeats)) for tensor in tensors(options.elements)]
    for place, clock in enumerate(("clock", "processor time")):
        print(f"{'':>10} " + " ".join(f"{name:>9}" for name in COLUMNS) + f"   GB/s by {clock}")
        for tensor, seconds in measured:
            plain, *rest = (each[place] for each in seconds)
            size = tensor.array.nbytes / 1e9
            speeds = " ".join(f"{size / each:9.2f}" for each in (plain, *rest))
            times = " and ".join(f"{each / plain:.2f}" for each in rest[-2:])
            print(f"{tensor.dtype:>10} {speeds}   {times} times plain")


def tensors(elements: int) -> list[Tensor]:
    """Normally distributed values in every float dtype, ``elements`` of each."""
    values = np.random.Generator(np.random.Philox(1)).standard_normal(elements)
    single = values.astype(np.float32)
    return [
        Tensor("float32", single),
        Tensor("float16", values.astype(np.float16)),
        Tensor("bfloat16", (single.view(np.uint32) >> 16).astype(np.uint16)),
        Tensor("float64", values),
    ]


def best(tensor: Tensor, repeats: int) -> list[tuple[float, float]]:
    """Least seconds by the clock and of processors, for each of ``COLUMNS``."""
    data = memoryview(tensor.data().view(np.uint8))
    actions: tuple[Callable[[], object], ...] = (
        lambda: blake3(data).digest(),
        lambda: digest(tensor),
        lambda: chain(tensor),
        lambda: digest_and_chain(tensor, 1),
        lambda: digest_and_chain(tensor, 2),
    )
    tries = [[seconds(action) for action in actions] for _ in range(repeats)]
    return [
        (min(wall for wall, _ in column), min(used for _, used in column))
        for column in zip(*tries, strict=True)
    ]


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of processors: a thread that waits for its turn is not slow."""
    clock, used = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - used


if __name__ == "__main__":
    main()
