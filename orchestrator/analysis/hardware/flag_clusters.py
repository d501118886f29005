"""CPU flags that always occur together: Tables 1 and SUP-3 of the study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from orchestrator.analysis.hardware.attribute_costs import order
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.results.explanation import Kind


@dataclass(frozen=True)
class FlagClusters:
    """Flags by where they occur. Flags that no platform has are in neither."""

    common: tuple[str, ...]
    """Those that every platform has, sorted."""
    clusters: tuple[tuple[str, ...], ...]
    """The rest: each sorted by name; clusters with vector arithmetic on floats first, then
    other SIMD, then the larger ones."""

    @property
    def total(self) -> int:
        """How many flags occur at all."""
        return len(self.common) + sum(len(cluster) for cluster in self.clusters)


def flag_clusters(table: AttributeTable, platforms: Sequence[str] | None = None) -> FlagClusters:
    """The clusters over ``platforms`` (default: all of the table)."""
    flags = table.flags()
    if platforms is not None:
        flags = flags.loc[list(platforms)]
    if flags.empty:
        return FlagClusters((), ())
    together: dict[bytes, list[str]] = {}
    for name in sorted(str(column) for column in flags.columns):
        together.setdefault(flags[name].to_numpy(dtype=bool).tobytes(), []).append(name)
    everywhere, nowhere = b"\x01" * len(flags), b"\x00" * len(flags)
    common = tuple(together.pop(everywhere, ()))
    together.pop(nowhere, None)
    return FlagClusters(common, tuple(sorted(map(tuple, together.values()), key=_order)))


def cluster_table(
    table: AttributeTable, clusters: FlagClusters, by: str = "generation"
) -> pd.DataFrame:
    """Clusters x groups of platforms: ``True``, ``False``, or ``None`` where a group is mixed.

    ``by`` is an attribute, or ``platform``. Platforms without it stand under ``unknown``.
    """
    flags = table.flags()
    groups = (
        pd.Series(flags.index, index=flags.index, dtype="object")
        if by == "platform"
        else table.frame[by].map(lambda value: "unknown" if value is None else value)
    )
    columns = {}
    for group in groups.unique():
        members = flags.loc[(groups == group).to_numpy()]
        columns[group] = [_common(members[cluster[0]].tolist()) for cluster in clusters.clusters]
    return pd.DataFrame(columns, index=range(len(clusters.clusters)), dtype="object")


def flag_table(clusters: FlagClusters) -> pd.DataFrame:
    """Every flag in alphabetical order with its cluster's number; ``C``: common to all."""
    places = dict.fromkeys(clusters.common, "C")
    for number, cluster in enumerate(clusters.clusters):
        places |= dict.fromkeys(cluster, str(number))
    return pd.DataFrame(sorted(places.items()), columns=["flag", "cluster"])


def _common(values: Sequence[bool]) -> bool | None:
    return values[0] if len(set(values)) == 1 else None


def _order(cluster: tuple[str, ...]) -> tuple[int, int, str]:
    return min(order(flag, Kind.FLAG)[0] for flag in cluster), -len(cluster), cluster[0]
