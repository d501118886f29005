"""The fewest attributes that determine the classes: all minimal sets, and rules over the best."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from orchestrator.analysis.explain.confounded import Distinct, distinct
from orchestrator.analysis.explain.constraints import Codes, mixed_groups, projected
from orchestrator.analysis.explain.decision_tree import rules_of
from orchestrator.analysis.explain.set_cover import minimal_covers
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.results.explanation import Answer, Case, Contradiction, Kind, MinimalSet


def answer(
    table: AttributeTable,
    numbers: Mapping[str, int],
    kinds: Collection[Kind],
    *,
    limit: int = 64,
    seconds: float = 60.0,
) -> Answer:
    """Explain ``numbers`` (class by platform, one for each row of ``table``) by ``kinds``.

    Platforms equal in every attribute yet in different classes are listed as contradictions. Of
    these only the class of more than half of them (and at least two), if there is one, takes
    part in the minimal sets: one broken machine shall not hide what explains the others. At most
    ``limit`` sets are given, the likeliest causes; after ``seconds`` the search ends and the
    answer says so.
    """
    platforms = tuple(str(name) for name in table.frame.index)
    classes = np.array([numbers[name] for name in platforms], dtype=np.int64)
    found = distinct(table, kinds)
    contradicting = mixed_groups(projected(found.codes, _all(found)), classes)
    fit = np.ones(len(platforms), dtype=bool)
    for members in contradicting:
        fit[members] = classes[members] == _majority(classes[members])
    kept = np.flatnonzero(fit)
    codes, reduced = found.codes[kept], classes[kept]
    _, first = np.unique(codes, axis=0, return_index=True)
    covers = minimal_covers(codes[first], reduced[first], found.costs, limit=limit, seconds=seconds)
    sets = tuple(
        sorted(
            (_minimal_set(found, kept, classes, platforms, chosen) for chosen in covers.sets),
            key=lambda given: (given.cost, [cluster.members for cluster in given.clusters]),
        )
    )
    rules, smallest = rules_of(sets[0], table, numbers)
    return Answer(
        tuple(kind for kind in Kind if kind in kinds),
        found.attributes,
        len(found.clusters),
        sets,
        covers.complete,
        covers.proven,
        rules,
        smallest,
        tuple(_contradiction(members, classes, platforms) for members in contradicting),
        found.unused,
    )


def _majority(classes: Codes) -> int:
    """The class of more than half, at least two; -1: there is none."""
    numbers, counts = np.unique(classes, return_counts=True)
    most = int(counts.argmax())
    return int(numbers[most]) if counts[most] > max(1, len(classes) / 2) else -1


def _all(found: Distinct) -> Codes:
    return np.arange(len(found.clusters))


def _minimal_set(
    found: Distinct, kept: Codes, classes: Codes, platforms: Sequence[str], chosen: Sequence[int]
) -> MinimalSet:
    columns = sorted(chosen, key=lambda column: (found.clusters[column].cost, column))
    members: dict[tuple[int, ...], list[int]] = {}
    for row in kept.tolist():
        members.setdefault(tuple(found.codes[row, columns].tolist()), []).append(row)
    return MinimalSet(
        tuple(found.clusters[column] for column in columns),
        tuple(
            Case(combination, int(classes[rows[0]]), tuple(platforms[row] for row in rows))
            for combination, rows in members.items()
        ),
    )


def _contradiction(members: Codes, classes: Codes, platforms: Sequence[str]) -> Contradiction:
    groups: dict[int, list[str]] = {}
    for row in sorted(members.tolist()):
        groups.setdefault(int(classes[row]), []).append(platforms[row])
    kept = _majority(classes[members])
    return Contradiction(
        tuple((number, tuple(groups[number])) for number in sorted(groups)),
        None if kept < 0 else kept,
    )
