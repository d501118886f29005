"""Attributes that these platforms cannot tell apart, taken together; platforms likewise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from orchestrator.analysis.explain.constraints import Codes
from orchestrator.analysis.hardware.attribute_costs import cost, order
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.results.explanation import AttributeValue, Cluster, Kind


@dataclass(frozen=True, eq=False)
class Distinct:
    """``codes``: platforms x clusters, equal where the platforms are equal in the cluster and
    the row of ``Cluster.combinations``. ``unused``: attributes that some platforms do not know,
    and how many."""

    codes: Codes
    clusters: tuple[Cluster, ...]
    unused: tuple[tuple[str, int], ...]

    @property
    def attributes(self) -> int:
        """How many attributes differ between platforms."""
        return sum(len(cluster.members) for cluster in self.clusters)

    @property
    def costs(self) -> Codes:
        """By cluster."""
        return np.array([cluster.cost for cluster in self.clusters], dtype=np.int64)


def distinct(table: AttributeTable, kinds: Collection[Kind]) -> Distinct:
    """Clusters of the attributes of ``kinds`` that differ between platforms."""
    together: dict[bytes, list[str]] = {}
    patterns: dict[bytes, Codes] = {}
    unused = []
    for column in table.frame.columns:
        name = str(column)
        if table.kinds[name] not in kinds:
            continue
        values = table.frame[column].tolist()
        unknown = sum(value is None for value in values)
        if unknown:
            # Unknown is neither equal nor different: no conclusion can rest on it.
            unused += [(name, unknown)] if unknown < len(values) else []
            continue
        codes = _first_appearance(values)
        if codes.max(initial=0) > 0:
            key = codes.tobytes()
            together.setdefault(key, []).append(name)
            patterns[key] = codes
    ordered = {
        key: sorted(names, key=lambda name: order(name, table.kinds[name]))
        for key, names in together.items()
    }
    keys = sorted(ordered, key=lambda key: order(ordered[key][0], table.kinds[ordered[key][0]]))
    matrix = (
        np.column_stack([patterns[key] for key in keys])
        if keys
        else np.zeros((len(table.frame), 0), dtype=np.int64)
    )
    clusters = tuple(_cluster(table, ordered[key], patterns[key]) for key in keys)
    return Distinct(matrix, clusters, tuple(sorted(unused)))


def _first_appearance(values: list[AttributeValue]) -> Codes:
    """Equal numbers for equal values, from 0 by first appearance: ``True`` is not 1."""
    numbers: dict[tuple[type, AttributeValue], int] = {}
    return np.array(
        [numbers.setdefault((type(value), value), len(numbers)) for value in values],
        dtype=np.int64,
    )


def _cluster(table: AttributeTable, names: list[str], codes: Codes) -> Cluster:
    _, first = np.unique(codes, return_index=True)
    columns = [table.frame[name].tolist() for name in names]
    kinds = tuple(table.kinds[name] for name in names)
    return Cluster(
        tuple(names),
        kinds,
        tuple(tuple(column[row] for column in columns) for row in first.tolist()),
        cost(names[0], kinds[0]),
    )
