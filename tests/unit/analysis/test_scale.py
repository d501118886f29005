"""Partitions are vectorised: time must grow with the rows, not with rows times classes."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from orchestrator.analysis.chains import Chains
from orchestrator.analysis.partition import partitions
from orchestrator.analysis.table import Observations


def synthetic(platforms: int, outputs: int, classes: int) -> Observations:
    rng = np.random.default_rng(1)
    rows = platforms * outputs
    values = rng.integers(0, 2**63, (outputs * classes, 24), dtype=np.uint64)
    digests = tuple(f"{i:064x}" for i in range(outputs * classes))
    chains = Chains(
        digests, ("float32[1,10]",) * len(digests), values, np.full(len(digests), 23, np.int16)
    )
    platform, output = np.divmod(np.arange(rows), outputs)

    def one(label: str, codes: np.ndarray, count: int) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, [f"{label}{i}" for i in range(count)])

    zeros = np.zeros(rows, dtype=np.int64)
    table = pd.DataFrame(
        {
            "platform": one("p", platform, platforms),
            "workload": one("w", zeros, 1),
            "input": one("i", zeros, 1),
            "variant": one("v", zeros, 1),
            "output": one("o", output, outputs),
            "role": pd.Categorical.from_codes(zeros, ["final"]),
            "operation": one("c", zeros, 1),
            "index": zeros.astype(np.int32),
            "status": pd.Categorical.from_codes(zeros, ["ok"]),
            "digest": (output * classes + rng.integers(0, classes, rows)).astype(np.int32),
            "session": platform.astype(np.int32),
        }
    )
    sessions = pd.DataFrame(
        {
            "platform": [f"p{i}" for i in range(platforms)],
            "workload": "w0",
            "input": "i0",
            "variant": "v0",
            "cell": [str(i) for i in range(platforms)],
            "status": "ok",
            "reason": None,
        }
    )
    return Observations(sessions, table, chains)


@pytest.mark.slow
def test_a_tenth_of_the_target_in_a_tenth_of_the_time() -> None:
    observations = synthetic(platforms=1000, outputs=540, classes=16)
    start = time.perf_counter()
    found = partitions(observations)
    seconds = time.perf_counter() - start
    assert len(found) == 540
    assert sum(len(group.platforms) for p in found for group in p.classes) == 540_000
    assert seconds < 6, f"540,000 chains took {seconds:.1f} s"
