"""How long an exact explanation takes on one core.

    python bench/explain.py [--seed N] [--runs N]

The fleets are generated with the structure of real ones: generations that inherit the flags of
earlier ones, some flags that single machines lack, core counts; the class is determined by a few
flags and, where one of them is set, by the number of cores. Prints the longest time of several
fleets, from records and fingerprints to minimal sets, rules and suspects. "Independent" tables
are the worst case, without structure: every attribute is random, and four of them determine the
class.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from orchestrator.analysis.findings import Findings
from orchestrator.results.explanation import Explanation
from orchestrator.results.fingerprint import Cpu, Fingerprint
from orchestrator.results.outputs import OutputPool
from orchestrator.results.record import (
    FrameworkRecord,
    InputRecord,
    Observation,
    PlatformRecord,
    VariantRecord,
    WorkloadRecord,
)

SIZES = ((64, 200, 1.0), (5000, 300, 30.0))
Generator = np.random.Generator
Fleet = tuple[list[Observation], dict[str, Fingerprint]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _ = Findings(
        *fleet(np.random.default_rng(0), 16, 40)
    ).explanations  # the first call imports and warms up
    for platforms, attributes, allowed in SIZES:
        for kind in (fleet, independent):
            taken = [
                measure(kind, np.random.default_rng((options.seed, run)), platforms, attributes)
                for run in range(options.runs)
            ]
            seconds = max(one for one, _ in taken)
            found = [explanation.answers[0] for _, explanation in taken]
            sizes = ", ".join(
                f"{len(answer.sets[0].clusters)} of {answer.clusters} ({len(answer.sets)} sets"
                f"{'' if answer.complete else '+'}{'' if answer.proven else ', not proven'})"
                for answer in found
            )
            print(
                f"{platforms:>5} platforms x {attributes} attributes, {kind.__name__:<11}: "
                f"{seconds:6.2f} s at most (allowed {allowed:g} s); needed {sizes}"
            )


def measure(
    kind: Any, generator: Generator, platforms: int, attributes: int
) -> tuple[float, Explanation]:
    """Seconds of one explanation, and the explanation."""
    records, fingerprints = kind(generator, platforms, attributes)
    start = time.perf_counter()
    (found,) = Findings(records, fingerprints).explanations.items
    return time.perf_counter() - start, found


def fleet(generator: Generator, platforms: int, attributes: int) -> Fleet:
    """Records and fingerprints of machines of forty generations of two vendors."""
    generations = 40
    flags = np.zeros((generations, attributes), dtype=bool)
    for flag in range(attributes):
        flags[generator.integers(0, generations) :, flag] = True
        if generator.random() < 0.4:
            flags[:, flag] &= np.arange(generations) % 2 == generator.integers(2)
        if generator.random() < 0.3:
            flags[generator.integers(0, generations, 3), flag] ^= True
    generation = generator.integers(0, generations, platforms)
    cores = generator.choice([2, 4, 8, 16, 32, 48, 96], platforms)
    own = flags[generation]
    # Flags that a hypervisor or the microcode hides on some machines of a generation.
    hidden = generator.random(attributes) < 0.1
    own ^= (generator.random((platforms, attributes)) < 0.02) & hidden
    cause = generator.choice(np.flatnonzero(~hidden), 4, replace=False)
    number = own[:, cause] @ (1 << np.arange(4)) * 64 + np.where(
        own[:, cause[0]], np.minimum(cores, 16), 0
    )
    return _records(own, number, cores.tolist(), [f"G{one}" for one in generation])


def independent(generator: Generator, platforms: int, attributes: int) -> Fleet:
    """Records and fingerprints of machines whose flags are independent of each other."""
    own = generator.random((platforms, attributes)) < 0.5
    cause = generator.choice(attributes, 4, replace=False)
    number = own[:, cause] @ (1 << np.arange(4))
    return _records(own, number, [4] * platforms, ["G"] * platforms)


def _records(own: Any, number: Any, cores: list[int], generation: list[str]) -> Fleet:
    records, fingerprints, pool = [], {}, OutputPool()
    for row, has in enumerate(own.tolist()):
        flags = [f"flag{place:03}" for place, there in enumerate(has) if there] + ["fpu"]
        cpu = Cpu(
            architecture="x86_64",
            vendor="V",
            flags=tuple(flags),
            microarchitecture=generation[row],
        )
        fingerprints[f"f{row}"] = Fingerprint(cpu=cpu, logical_cpus=cores[row], gpus=())
        output = {
            "name": "output",
            "role": "final",
            "index": 0,
            "operation": None,
            "dtype": "float32",
            "shape": [1],
            "digest": f"{int(number[row]):064x}"[::-1],
            "chain": None,
            "tensor": False,
        }
        records.append(
            Observation(
                cell=f"c{row}",
                session=0,
                status="ok",
                platform=PlatformRecord(f"p{row}", f"p{row:05}"),
                workload=WorkloadRecord("w", "w"),
                input=InputRecord("i", "i"),
                variant=VariantRecord("v", "v", flags={}),
                outputs=pool.add([output]),
                run="r",
                fingerprint=f"f{row}",
                framework=FrameworkRecord("f"),
            )
        )
    return records, fingerprints


if __name__ == "__main__":
    main()
