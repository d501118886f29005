"""Readable rules: the leaves of the smallest decision tree over a minimal set.

The tree has the fewest leaves, exactly where that is affordable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, CORES
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.analysis.hardware.fingerprint_attributes import bin_top
from orchestrator.results.explanation import AttributeValue, Cluster, Condition, MinimalSet, Rule

Flags = npt.NDArray[np.bool_]


def rules_of(
    given: MinimalSet, table: AttributeTable, numbers: Mapping[str, int], deadline: Deadline
) -> tuple[tuple[Rule, ...], bool]:
    """One rule per leaf, and whether no tree has fewer leaves.

    Core bins are written as limits on the cores.
    Support and contradictions are counted over every platform of ``table``, those that the
    minimal set leaves out included. Clusters are represented by their first member; a rule is
    exact on what was observed and a guess beyond.
    """
    if not given.cases:
        return (), True
    tests = _tests(given)
    splits = [
        Split(sum(1 << row for row, case in enumerate(given.cases) if _holds(test, given, row)))
        for test in tests
    ]
    tree, smallest = smallest_tree(splits, [case.class_number for case in given.cases], deadline)
    leaves = [
        (_simplified([_test(tests[split], fulfilled) for split, fulfilled in path]), number)
        for path, number in _leaves(tree, ())
    ]
    platforms = _Platforms(table, numbers)
    return tuple(platforms.rule(path, number) for path, number in leaves), smallest


def holds(condition: Condition, value: AttributeValue) -> bool:
    """Whether a platform with this ``value`` of the attribute fulfils the condition."""
    if condition.operator in ("has", "lacks"):
        return (value is True) == (condition.operator == "has")
    if condition.operator in ("<=", ">"):
        if not isinstance(value, int) or not isinstance(condition.value, int):
            return False
        return (value <= condition.value) == (condition.operator == "<=")
    return (value == condition.value) == (condition.operator == "=")


def _tests(given: MinimalSet) -> list[Condition]:
    """Every test that splits some cases from others, in the order of the clusters."""
    return [test for cluster in given.clusters for test in _tests_of(cluster)]


def _tests_of(cluster: Cluster) -> list[Condition]:
    name = cluster.members[0]
    values = [combination[0] for combination in cluster.combinations]
    if name == CORE_BIN:
        # "cores <= 7" says the same as a list of bins, and can be read.
        tops = sorted(top for value in values if (top := bin_top(value)) is not None)
        last = max((bin_top(value) or 1 << 30) for value in values)
        return [Condition(CORES, "<=", top) for top in tops if top != last]
    if all(isinstance(value, bool) for value in values):
        return [Condition(name, "has")]
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) == len(values):
        return [Condition(name, "<=", value) for value in sorted(numbers)[:-1]]
    return [Condition(name, "=", value) for value in values]


def _holds(test: Condition, given: MinimalSet, row: int) -> bool:
    for cluster, combination in zip(given.clusters, given.cases[row].combinations, strict=True):
        name, value = cluster.members[0], cluster.combinations[combination][0]
        if name == test.attribute:
            return holds(test, value)
        if name == CORE_BIN and test.attribute == CORES:
            return holds(test, bin_top(value) or 1 << 30)
    raise KeyError(test.attribute)


_OPPOSITE = {"has": "lacks", "<=": ">", "=": "!="}


def _test(test: Condition, fulfilled: bool) -> Condition:  # noqa: FBT001 - a branch of a tree
    if fulfilled:
        return test
    return Condition(test.attribute, _OPPOSITE[test.operator], test.value)


Path = tuple[tuple[int, bool], ...]


def _leaves(tree: Tree, path: Path) -> list[tuple[Path, int]]:
    if tree.split is None:
        return [(path, tree.number)]
    found = []
    for branch, fulfilled in ((tree.yes, True), (tree.no, False)):
        if branch is not None:
            found += _leaves(branch, (*path, (tree.split, fulfilled)))
    return found


def _simplified(path: list[Condition]) -> tuple[Condition, ...]:
    """Without conditions that a later one of the same attribute implies."""
    kept: list[Condition] = []
    for condition in path:
        same = (condition.attribute, condition.operator)
        if condition.operator in ("<=", ">"):
            kept = [old for old in kept if (old.attribute, old.operator) != same]
        elif condition.operator == "=":
            kept = [old for old in kept if old.attribute != condition.attribute]
        kept.append(condition)
    return tuple(kept)


class _Platforms:
    """Which platforms fulfil conditions; each condition is looked at once."""

    def __init__(self, table: AttributeTable, numbers: Mapping[str, int]) -> None:
        self._frame = table.frame
        self._names = tuple(str(name) for name in table.frame.index)
        self._numbers = np.array([numbers[name] for name in self._names], dtype=np.int64)
        self._known: dict[Condition, Flags] = {}

    def rule(self, conditions: tuple[Condition, ...], number: int) -> Rule:
        fulfilled = np.ones(len(self._names), dtype=bool)
        for condition in conditions:
            fulfilled &= self._fulfil(condition)
        own = self._numbers == number
        return Rule(conditions, number, self._named(fulfilled & own), self._named(fulfilled & ~own))

    def _fulfil(self, condition: Condition) -> Flags:
        if condition not in self._known:
            column = self._frame[condition.attribute].tolist()
            self._known[condition] = np.array(
                [holds(condition, value) for value in column], dtype=bool
            )
        return self._known[condition]

    def _named(self, rows: Flags) -> tuple[str, ...]:
        return tuple(self._names[row] for row in np.flatnonzero(rows).tolist())


_STATES = 3_000


@dataclass(frozen=True)
class Split:
    """A test, as the set (bit mask) of the cases that pass it."""

    mask: int


@dataclass(frozen=True)
class Tree:
    """A leaf with a class ``number``, or a test with what follows."""

    number: int = 0
    split: int | None = None
    yes: Tree | None = None
    no: Tree | None = None


def smallest_tree(
    splits: Sequence[Split], numbers: Sequence[int], deadline: Deadline
) -> tuple[Tree, bool]:
    """A tree that sorts every case (bit ``i`` for ``numbers[i]``), and whether it is smallest.

    Fewest leaves; of these the one whose earliest tests come first in ``splits``. Beyond a few
    thousand sets of cases, and at the deadline, it is grown greedily instead. Any two cases of
    different ``numbers`` must be told apart by a split.
    """
    search = _Search([split.mask for split in splits], numbers, deadline)
    everything = (1 << len(numbers)) - 1
    try:
        search.least(everything)
    except _TooManyError:
        return search.grown(everything), False
    return search.tree(everything), True


class _TooManyError(Exception):
    pass


class _Search:
    def __init__(self, masks: Sequence[int], numbers: Sequence[int], deadline: Deadline) -> None:
        self.deadline = deadline
        self.masks = masks
        self.numbers = numbers
        self.of_class: dict[int, int] = {}
        for case, number in enumerate(numbers):
            self.of_class[number] = self.of_class.get(number, 0) | 1 << case
        self.known: dict[int, tuple[int, int]] = {}

    def least(self, cases: int) -> int:
        """Leaves of the smallest tree over ``cases``; remembers the split it begins with."""
        classes = self.classes(cases)
        if classes == 1:
            return 1
        if cases in self.known:
            return self.known[cases][0]
        if len(self.known) > _STATES or self.deadline.passed:
            raise _TooManyError
        best, first = 1 << 30, -1
        for split, mask in enumerate(self.masks):
            yes, no = cases & mask, cases & ~mask
            # Each side needs a leaf per class: where that is no better, look no further.
            if not yes or not no or self.classes(yes) + self.classes(no) >= best:
                continue
            leaves = self.least(yes)
            if leaves + self.classes(no) < best:
                leaves += self.least(no)
                if leaves < best:
                    best, first = leaves, split
            if best == classes:
                break
        self.known[cases] = best, first
        return best

    def tree(self, cases: int) -> Tree:
        if self.classes(cases) == 1:
            return self.leaf(cases)
        self.least(cases)
        split = self.known[cases][1]
        mask = self.masks[split]
        return Tree(split=split, yes=self.tree(cases & mask), no=self.tree(cases & ~mask))

    def grown(self, cases: int) -> Tree:
        """Grown greedily: each test leaves as few classes as possible on both sides."""
        if self.classes(cases) == 1:
            return self.leaf(cases)
        useful = [split for split, mask in enumerate(self.masks) if cases & mask and cases & ~mask]
        split = min(useful, key=lambda split: (*self.badness(cases, self.masks[split]), split))
        mask = self.masks[split]
        return Tree(split=split, yes=self.grown(cases & mask), no=self.grown(cases & ~mask))

    def badness(self, cases: int, mask: int) -> tuple[int, int]:
        yes, no = cases & mask, cases & ~mask
        larger = max(self.classes(yes), self.classes(no))
        return self.classes(yes) + self.classes(no), larger

    def leaf(self, cases: int) -> Tree:
        return Tree(self.numbers[(cases & -cases).bit_length() - 1])

    def classes(self, cases: int) -> int:
        return sum(1 for members in self.of_class.values() if members & cases)
