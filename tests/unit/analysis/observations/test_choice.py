from __future__ import annotations

import pytest

from orchestrator.analysis.observations.labels import Choice, labels_by_part
from tests.unit.analysis.records import A, record

RECORD = record("gcloud/amd_rome/AMD", [A], workload="net", given="i0", variant="v")


@pytest.mark.parametrize(
    ("choice", "accepted"),
    [
        (Choice(), True),
        (Choice(workload="net", input="i0", variant="v"), True),
        (Choice(workload="ne"), False),
        (Choice(input="i1"), False),
        (Choice(variant="w"), False),
        (Choice(platforms=("gcloud/*",)), True),
        (Choice(platforms=("aws/*", "*/amd_rome/*")), True),
        (Choice(platforms=("GCLOUD/*",)), False),
        (Choice(workload="net", platforms=("aws/*",)), False),
    ],
)
def test_every_part_must_fit(choice: Choice, accepted: bool) -> None:
    assert choice.accepts(RECORD) is accepted


def test_the_second_of_two_that_share_a_label_has_a_name() -> None:
    assert Choice(workload="net #w-net").accepts(RECORD)
    assert not Choice(workload="net #other").accepts(RECORD)


def test_labels_are_listed_once() -> None:
    found = labels_by_part([RECORD, RECORD, record("b", [A])])
    assert found["platform"] == ("b", "gcloud/amd_rome/AMD")
    assert found["variant"] == ("numpy float32", "v")
