from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.labels import planned_of_store
from orchestrator.cli.run import exit_code
from orchestrator.errors import EnvironmentNotReady, Exit
from orchestrator.run.pipeline import Ran
from orchestrator.store.tensors import StoredTensors

NOTHING = Findings([], {}, planned_of_store([]), StoredTensors(())).summary


def ran(*, interrupted: bool = False, out_of_time: bool = False) -> Ran:
    return Ran(Path("run"), {}, interrupted, out_of_time)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (ran(), Exit.NOT_READY),
        (ran(interrupted=True), Exit.INTERRUPTED),
        (ran(out_of_time=True), Exit.OVER_LIMIT),
    ],
)
def test_results_that_could_not_be_shared_are_an_error_unless_something_is_worse(
    made: Ran, expected: Exit
) -> None:
    assert exit_code(made, NOTHING, EnvironmentNotReady("the bucket is gone")) is expected
    assert exit_code(ran(), NOTHING) is Exit.NOTHING_OBSERVED
