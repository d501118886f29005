"""Partitions compared by who is with whom."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analysis.classes.agreement import agreement

PARTITIONS = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 3))


def test_what_the_inventors_of_the_index_say() -> None:
    """By hand: 3 of 6 pairs agree; (0 - 2*2/6) / (2 - 4/6)."""
    found = agreement({"a": 1, "b": 1, "c": 2, "d": 2}, {"a": 1, "b": 2, "c": 1, "d": 2})
    assert (found.together, found.apart, found.only_first, found.only_second) == (0, 2, 2, 2)
    assert found.adjusted_rand == Fraction(-1, 2)
    assert found.rand == Fraction(1, 3)


def test_a_class_that_is_divided_is_named_with_its_members() -> None:
    first = {"new": "x", "newer": "x", "old": "y", "elsewhere": "y"}
    found = agreement(first, {"old": 3, "newer": 2, "new": 1})
    assert found.members == ("new", "newer", "old")
    assert found.classes == (("x", 1, ("new",)), ("x", 2, ("newer",)), ("y", 3, ("old",)))
    assert (found.only_first, found.only_second) == (1, 0)


def test_nothing_in_common() -> None:
    found = agreement({"a": 1}, {"b": 1})
    assert (found.members, found.pairs, found.rand, found.adjusted_rand) == ((), 0, None, None)


@given(PARTITIONS, PARTITIONS)
def test_counts_are_those_of_every_pair(first: dict[str, int], second: dict[str, int]) -> None:
    found = agreement(first, second)
    counts = [0, 0, 0, 0]
    for one, other in combinations(found.members, 2):
        here, there = first[one] == first[other], second[one] == second[other]
        counts[0 if here and there else 1 if not here and not there else 2 if here else 3] += 1
    assert [found.together, found.apart, found.only_first, found.only_second] == counts
    assert found.pairs == sum(counts)
    assert sorted(name for *_, names in found.classes for name in names) == sorted(found.members)


@given(PARTITIONS)
def test_a_partition_agrees_with_itself_whatever_its_classes_are_called(
    partition: dict[str, int],
) -> None:
    found = agreement(partition, {name: f"class {number}" for name, number in partition.items()})
    assert found.only_first == found.only_second == 0
    assert found.adjusted_rand in (None, 1)
    # Only where every partition of as many classes is equal.
    sizes = len(set(partition.values()))
    assert (found.adjusted_rand is None) == (sizes in (0, 1, len(partition)))


@given(PARTITIONS, PARTITIONS)
def test_the_order_of_the_two_only_exchanges_their_names(
    first: dict[str, int], second: dict[str, int]
) -> None:
    one, other = agreement(first, second), agreement(second, first)
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)
    assert (one.together, one.adjusted_rand) == (other.together, other.adjusted_rand)
