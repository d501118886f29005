"""Readable rules: the leaves of a small decision tree over a minimal set."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.analysis.hardware.fingerprint_attributes import bin_top
from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, CORES
from orchestrator.analysis.explain.tree import Split, Tree, smallest_tree
from orchestrator.results.explanation import Cluster, Condition, MinimalSet, Rule, Value


def rules_of(
    given: MinimalSet, table: AttributeTable, numbers: Mapping[str, int]
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
    tree, smallest = smallest_tree(splits, [case.class_number for case in given.cases])
    leaves = [
        (_simplified([_test(tests[split], holds) for split, holds in path]), number)
        for path, number in _leaves(tree, ())
    ]
    return tuple(_rule(path, number, table, numbers) for path, number in leaves), smallest


def holds(condition: Condition, value: Value) -> bool:
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


def _rule(
    conditions: tuple[Condition, ...],
    number: int,
    table: AttributeTable,
    numbers: Mapping[str, int],
) -> Rule:
    columns = [table.frame[condition.attribute].tolist() for condition in conditions]
    members = [
        str(name)
        for row, name in enumerate(table.frame.index)
        if all(
            holds(condition, column[row])
            for condition, column in zip(conditions, columns, strict=True)
        )
    ]
    return Rule(
        conditions,
        number,
        tuple(name for name in members if numbers[name] == number),
        tuple(name for name in members if numbers[name] != number),
    )
