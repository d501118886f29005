"""How far two partitions agree, as tables."""

from __future__ import annotations

import pytest

from orchestrator.analysis.agreement import agreements, common_classes
from orchestrator.analysis.classes.agreement import agreement


@pytest.mark.parametrize(
    ("presented", "relation"),
    [
        ({"a": 1, "b": 1, "c": 2}, "equal"),
        ({"a": 1, "b": 1, "c": 1}, "study divides classes of presented"),
        ({"a": 1, "b": 2, "c": 3}, "presented divides classes of study"),
        ({"a": 1, "b": 2, "c": 2}, "neither divides the other"),
    ],
)
def test_the_relation_is_said(presented: dict[str, int], relation: str) -> None:
    found = agreement({"a": "x", "b": "x", "c": "y"}, presented)
    table = agreements([("net", "torch", found)], "study", "presented")
    (row,) = table.rows
    assert row[:3] == ("net", "torch", 3)
    assert row[3:5] == (2, len(set(presented.values())))
    assert row[-1] == relation


def test_members_by_their_classes() -> None:
    found = agreement({"a": "x", "b": "x", "c": "y"}, {"a": 1, "b": 2, "c": 2})
    assert common_classes(found, "study", "presented").rows == (
        ("x", "1", 1, "a"),
        ("x", "2", 1, "b"),
        ("y", "2", 1, "c"),
    )
