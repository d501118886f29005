"""Odd one out: a platform whose output differs from that of all its hardware twins.

Twins agree in everything that explains the classes: all attributes of all minimal sets. A
platform is a suspect if it is alone with its output among its twins, and most of the group (more
than half of it, the suspect included) share one other output, at least two platforms. So one
against one, two against two, or three different outputs of three point at nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.results.explanation import Answer, AttributeValue, Cluster, Kind, Outlier


def outliers(
    table: AttributeTable, numbers: Mapping[str, int], found: Answer, kinds: Collection[Kind]
) -> tuple[Outlier, ...]:
    """All suspects under the answer ``found``, by name.

    ``numbers`` is the class of each platform; ``kinds`` are those in which a suspect's
    difference from all its twins is worth a look.
    """
    explaining = {cluster.members[0]: cluster for given in found.sets for cluster in given.clusters}
    names = list(explaining)
    columns = [table.frame[name].tolist() for name in names]
    groups: dict[tuple[AttributeValue, ...], list[str]] = {}
    for row, platform in enumerate(table.frame.index):
        key = tuple(column[row] for column in columns)
        groups.setdefault(key, []).append(str(platform))
    shown = _members(explaining.values())
    result = [
        outlier
        for members in groups.values()
        for outlier in _of_group(table, members, numbers, shown, kinds)
    ]
    return tuple(sorted(result, key=lambda outlier: outlier.platform))


def _members(clusters: Collection[Cluster]) -> list[str]:
    return [cluster.members[0] for cluster in clusters]


def _of_group(
    table: AttributeTable,
    members: list[str],
    numbers: Mapping[str, int],
    shown: list[str],
    kinds: Collection[Kind],
) -> list[Outlier]:
    together: dict[int, list[str]] = {}
    for name in members:
        together.setdefault(numbers[name], []).append(name)
    expected, twins = max(together.items(), key=lambda item: len(item[1]))
    if len(twins) < 2 or 2 * len(twins) <= len(members):
        return []
    return [
        Outlier(
            alone[0],
            number,
            expected,
            tuple(sorted(twins)),
            tuple(sorted(set(members) - set(twins) - set(alone))),
            tuple((name, _value(table, alone[0], name)) for name in shown),
            _differs_in(table, alone[0], twins, kinds),
        )
        for number, alone in together.items()
        if len(alone) == 1 and number != expected
    ]


def _differs_in(
    table: AttributeTable, outlier: str, twins: list[str], kinds: Collection[Kind]
) -> tuple[str, ...]:
    own = table.frame.loc[outlier]
    others = table.frame.loc[twins]
    return tuple(
        str(name)
        for name in table.frame.columns
        if table.kinds[str(name)] in kinds
        and own[name] is not None
        and all(value != own[name] for value in others[name].tolist())
    )


def _value(table: AttributeTable, platform: str, name: str) -> AttributeValue:
    row = table.frame.index.tolist().index(platform)
    value: AttributeValue = table.frame[name].tolist()[row]
    return value
