from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.explain.decision_tree import Split, Tree, smallest_tree


def sort(tree: Tree, splits: list[Split], case: int) -> int:
    while tree.split is not None:
        branch = tree.yes if splits[tree.split].mask >> case & 1 else tree.no
        assert branch is not None
        tree = branch
    return tree.number


def leaves(tree: Tree) -> int:
    if tree.split is None:
        return 1
    assert tree.yes is not None
    assert tree.no is not None
    return leaves(tree.yes) + leaves(tree.no)


def brute(cases: tuple[int, ...], masks: list[int], numbers: list[int]) -> int:
    if len({numbers[case] for case in cases}) == 1:
        return 1
    best = 99
    for mask in masks:
        yes = tuple(case for case in cases if mask >> case & 1)
        no = tuple(case for case in cases if not mask >> case & 1)
        if yes and no:
            best = min(best, brute(yes, masks, numbers) + brute(no, masks, numbers))
    return best


@settings(max_examples=80, deadline=None)
@given(numbers=st.lists(st.integers(1, 3), min_size=1, max_size=6), data=st.data())
def test_the_smallest_tree_sorts_every_case_with_the_fewest_leaves(
    numbers: list[int], data: st.DataObject
) -> None:
    masks = data.draw(st.lists(st.integers(1, 2 ** len(numbers) - 1), max_size=3))
    masks += [1 << case for case in range(len(numbers))]
    splits = [Split(mask) for mask in masks]
    tree, smallest = smallest_tree(splits, numbers, Deadline.after(60))
    assert smallest
    assert [sort(tree, splits, case) for case in range(len(numbers))] == numbers
    assert leaves(tree) == brute(tuple(range(len(numbers))), masks, numbers)


def test_a_tree_of_too_many_cases_is_grown_and_says_so() -> None:
    numbers = [case * 7 % 11 + 1 for case in range(40)]
    splits = [Split(1 << case) for case in range(40)]
    tree, smallest = smallest_tree(splits, numbers, Deadline.after(60))
    assert not smallest
    assert [sort(tree, splits, case) for case in range(40)] == numbers


def test_without_time_a_tree_is_grown_and_says_so() -> None:
    splits = [Split(0b0011), Split(0b0101)]
    tree, smallest = smallest_tree(splits, [1, 2, 3, 4], Deadline.after(0))
    assert not smallest
    assert [sort(tree, splits, case) for case in range(4)] == [1, 2, 3, 4]
