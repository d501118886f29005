"""The fewest attributes that determine the classes: all minimal sets, and rules over the best."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.analysis.explain.confounded import Distinct, distinct
from orchestrator.analysis.explain.constraints import Codes, mixed_groups, projected
from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.explain.decision_tree import rules_of
from orchestrator.analysis.explain.links import linked, links_of
from orchestrator.analysis.explain.set_cover import minimal_covers
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.results.explanation import (
    CHOICES,
    Answer,
    Case,
    Contradiction,
    Kind,
    MinimalSet,
)

_SEARCH_SHARE = 0.9
"""Of the time, for the minimal sets; the rest is for the rules."""


@dataclass(frozen=True, eq=False)
class Basis:
    """What an answer can rest on: the attributes of some kinds, and what they leave equal."""

    kinds: frozenset[Kind]
    found: Distinct
    classes: Codes
    """By platform."""
    contradicting: tuple[Codes, ...]
    """Groups of platforms (rows) that are equal in all attributes yet in different classes."""

    @property
    def undetermined(self) -> int:
        """How many platforms are in such a group."""
        return sum(len(members) for members in self.contradicting)


def basis(table: AttributeTable, numbers: Mapping[str, int], kinds: Collection[Kind]) -> Basis:
    """The attributes of ``kinds``; ``numbers`` is the class of each row of ``table``."""
    classes = np.array([numbers[str(name)] for name in table.frame.index], dtype=np.int64)
    found = distinct(table, kinds)
    groups = mixed_groups(projected(found.codes, _all(found)), classes)
    return Basis(frozenset(kinds), found, classes, tuple(groups))


def answer(
    given: Basis,
    table: AttributeTable,
    numbers: Mapping[str, int],
    *,
    limit: int,
    deadline: Deadline,
) -> Answer:
    """Explain ``numbers`` (class by platform, one for each row of ``table``) by ``given``.

    Platforms equal in every attribute yet in different classes are listed as contradictions. Of
    these only the class of more than half of them (and at least two), if there is one, takes
    part in the minimal sets: one broken machine shall not hide what explains the others. At most
    ``limit`` sets are given, the likeliest causes; at the deadline the search ends and the answer
    says so. Without choices among the attributes, those that go with the classes are its links.
    """
    platforms = tuple(str(name) for name in table.frame.index)
    found, classes, contradicting = given.found, given.classes, given.contradicting
    fit = np.ones(len(platforms), dtype=bool)
    for members in contradicting:
        fit[members] = classes[members] == _majority(classes[members])
    kept = np.flatnonzero(fit)
    codes, reduced = found.codes[kept], classes[kept]
    _, first = np.unique(codes, axis=0, return_index=True)
    covers = minimal_covers(
        codes[first],
        reduced[first],
        found.costs,
        limit=limit,
        deadline=deadline.share(_SEARCH_SHARE),
    )
    sets = tuple(
        sorted(
            (_minimal_set(found, kept, classes, platforms, chosen) for chosen in covers.sets),
            key=lambda given: (given.cost, [cluster.members for cluster in given.clusters]),
        )
    )
    rules, smallest = rules_of(sets[0], table, numbers, deadline)
    links = () if given.kinds & CHOICES else links_of(sets[0], table)
    return Answer(
        tuple(kind for kind in Kind if kind in given.kinds),
        found.attributes,
        len(found.clusters),
        sets,
        covers.complete,
        covers.proven,
        linked(rules, links, table),
        smallest,
        tuple(_contradiction(members, classes, platforms) for members in contradicting),
        found.unused,
        links,
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
