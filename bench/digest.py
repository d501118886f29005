"""Speed of digest and precision chain, compared with one plain BLAKE3 of the same bytes.

    python bench/digest.py [--elements N] [--repeats N]

Prints, for each float dtype, GB/s of one core's processor time (best of the repeats): of plain
BLAKE3, the digest alone, the chain alone, and both as a session makes them, in one pass; and the
ratio of this to plain BLAKE3. Nothing uses a second thread. All are measured alternately, so that
other load on the machine slows them alike.
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--elements", type=int, default=1 << 24)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    print(
        f"{'dtype':>10} {'plain':>7} {'digest':>7} {'chain':>7} {'both':>7}   GB/s; ratio to plain"
    )
    for tensor in tensors(options.elements):
        plain, one, links, both = best(tensor, options.repeats)
        size = tensor.array.nbytes / 1e9
        print(
            f"{tensor.dtype:>10} {size / plain:7.2f} {size / one:7.2f} {size / links:7.2f} "
            f"{size / both:7.2f}   {both / plain:.2f}x the time of plain"
        )


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


def best(tensor: Tensor, repeats: int) -> tuple[float, float, float, float]:
    """Least processor seconds of a plain hash, the digest, the chain, and both in one pass."""
    data = memoryview(tensor.data().view(np.uint8))
    actions: tuple[Callable[[], object], ...] = (
        lambda: blake3(data).digest(),
        lambda: digest(tensor),
        lambda: chain(tensor),
        lambda: digest_and_chain(tensor),
    )
    seconds = [[clock(action) for action in actions] for _ in range(repeats)]
    plain, one, links, both = (min(column) for column in zip(*seconds, strict=True))
    return plain, one, links, both


def clock(action: Callable[[], object]) -> float:
    # Of the processor: a thread that waits for its turn is not slow.
    start = time.process_time()
    action()
    return time.process_time() - start


if __name__ == "__main__":
    main()
