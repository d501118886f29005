"""Minimal sets against brute force over all subsets."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.explain.constraints import (
    all_rows,
    nearest_rows,
    undominated,
    unmet_rows,
)
from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.explain.set_cover import minimal_covers

LATER = Deadline.after(math.inf)


def brute(codes: np.ndarray, classes: np.ndarray) -> list[tuple[int, ...]] | None:
    for size in range(codes.shape[1] + 1):
        found = []
        for chosen in itertools.combinations(range(codes.shape[1]), size):
            seen: dict[tuple[int, ...], int] = {}
            rows = map(tuple, codes[:, list(chosen)].tolist())
            if all(seen.setdefault(r, c) == c for r, c in zip(rows, classes.tolist(), strict=True)):
                found.append(chosen)
        if found:
            return found
    return None


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    platforms, attributes = draw(st.integers(1, 9)), draw(st.integers(0, 7))
    values, classes = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    cell = st.integers(0, values - 1)
    codes = draw(
        st.lists(
            st.lists(cell, min_size=attributes, max_size=attributes),
            min_size=platforms,
            max_size=platforms,
        )
    )
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=platforms, max_size=platforms))
    costs = draw(st.lists(st.integers(0, 8), min_size=attributes, max_size=attributes))
    return (
        np.array(codes, dtype=np.int64).reshape(platforms, attributes),
        np.array(labels, dtype=np.int64),
        np.array(costs, dtype=np.int64),
    )


@pytest.mark.parametrize("search", [True, False], ids=["search", "program"])
@settings(max_examples=150, deadline=None)
@given(table=tables())
def test_all_minimal_sets_are_those_of_brute_force(
    search: bool, table: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    codes, classes, costs = table
    expected = brute(codes, classes)
    if expected is None:
        with pytest.raises(ValueError, match="different classes"):
            minimal_covers(codes, classes, costs, deadline=LATER, search=search)
        return
    found = minimal_covers(codes, classes, costs, deadline=LATER, limit=1000, search=search)
    assert sorted(found.sets) == sorted(expected)
    assert found.complete
    assert found.proven
    sums = [int(costs[list(chosen)].sum()) for chosen in found.sets]
    assert sums == sorted(sums)


@settings(max_examples=100, deadline=None)
@given(table=tables(), data=st.data())
def test_rows_say_exactly_which_sets_determine_the_classes(
    table: tuple[np.ndarray, np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    codes, classes, _ = table
    if codes.shape[1] == 0:
        return
    chosen = np.array(
        sorted(data.draw(st.sets(st.integers(0, codes.shape[1] - 1)))), dtype=np.int64
    )
    meets = bool(all_rows(codes, classes)[:, chosen].any(axis=1).all())
    assert meets == (len(unmet_rows(codes, classes, chosen)) == 0)


def test_large_tables_take_the_lazy_way_and_agree_with_the_program() -> None:
    generator = np.random.default_rng(5)
    codes = np.unique(generator.integers(0, 2, (400, 14)), axis=0)
    classes = codes[:, 3] + 2 * codes[:, 7] + 4 * (codes[:, 3] & codes[:, 11])
    costs = np.zeros(14, dtype=np.int64)
    found = minimal_covers(codes, classes, costs, deadline=LATER)
    assert found.sets == minimal_covers(codes, classes, costs, deadline=LATER, search=False).sets
    assert found.sets == ((3, 7, 11),)


def test_the_cheapest_sets_are_kept_where_there_are_more_than_the_limit() -> None:
    codes = np.array([[0] * 10, [1] * 10])
    costs = np.arange(10)[::-1].copy()
    for search in (True, False):
        found = minimal_covers(
            codes, np.array([0, 1]), costs, deadline=LATER, limit=3, search=search
        )
        assert found.sets == ((9,), (8,), (7,))
        assert not found.complete
        assert found.proven


def test_without_time_a_set_is_given_that_works_and_says_it_is_not_proven() -> None:
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 2, (60, 40))
    classes = generator.integers(0, 9, 60)
    found = minimal_covers(codes, classes, np.zeros(40, dtype=np.int64), deadline=Deadline.after(0))
    assert not found.proven
    assert not found.complete
    assert len(unmet_rows(codes, classes, np.array(found.sets[0]))) == 0


def test_undominated_rows_keep_the_shortest() -> None:
    rows = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 0, 0]], dtype=bool)
    assert undominated(rows).tolist() == [[True, False, False], [False, True, True]]


def test_the_nearest_row_of_another_class_is_found() -> None:
    codes = np.array([[0, 0, 0], [0, 0, 1], [1, 1, 1]])
    rows = nearest_rows(codes, np.array([0, 1, 1]), np.arange(3))
    assert rows.tolist() == [[False, False, True]]
