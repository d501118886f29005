"""Partitions are vectorised: the time grows with the rows, not with rows times classes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.observations.chains import Chains
from orchestrator.analysis.observations.columns import Coded, Observations, OutputColumns
from orchestrator.analysis.observations.session_row import SessionRows
from tests.unit.analysis.records import record


def synthetic(platforms: int, outputs: int, classes: int) -> Observations:
    rng = np.random.default_rng(1)
    rows = platforms * outputs
    values = rng.integers(0, 2**63, (outputs * classes, 24), dtype=np.uint64)
    digests = tuple(f"{i:064x}" for i in range(outputs * classes))
    chains = Chains(
        digests, ("float32[1,10]",) * len(digests), values, np.full(len(digests), 23, np.int16)
    )
    platform, output = np.divmod(np.arange(rows), outputs)

    def one(label: str, codes: np.ndarray, count: int) -> Coded:
        return Coded(codes, tuple(f"{label}{i}" for i in range(count)))

    zeros = np.zeros(rows, dtype=np.int64)
    keys = {
        "platform": one("p", np.arange(platforms), platforms),
        **{key: one(key[0], zeros[:platforms], 1) for key in ("workload", "input", "variant")},
    }
    columns = OutputColumns(
        **{key: column.take(platform) for key, column in keys.items()},
        output=one("o", output, outputs),
        role=Coded(zeros, ("final",)),
        operation=one("c", zeros, 1),
        index=zeros,
        status=Coded(zeros, ("ok",)),
        digest=output * classes + rng.integers(0, classes, rows),
        session=platform,
    )
    row = SessionRows().row(record("p", []))
    sessions = [row._replace(cell=str(i)) for i in range(platforms)]
    return Observations(sessions, keys, columns, chains)


@pytest.mark.slow
def test_a_tenth_of_the_target_in_a_tenth_of_the_time() -> None:
    observations = synthetic(platforms=1000, outputs=540, classes=16)
    start = time.perf_counter()
    found = partitions(observations)
    seconds = time.perf_counter() - start
    assert len(found) == 540
    assert sum(len(group.platforms) for p in found for group in p.classes) == 540_000
    assert seconds < 6, f"540,000 chains took {seconds:.1f} s"
