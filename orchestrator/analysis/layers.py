"""Layer by layer: where platforms part, how far, and where they are together again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.precision import remaining_precision
from orchestrator.analysis.table import Observations
from orchestrator.analysis.tally import Tally, tally
from orchestrator.results_model import LayerProfile, LayerRow

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerGrid:
    """The layers of one (workload, input, variant), in the order of computation.

    ``digests[layer, platform]`` is the code of the output that the platform stands by, -1 where
    it gave none. ``platforms`` are all names, by column.
    """

    workload: str
    input: str
    variant: str
    names: tuple[str, ...]
    indices: tuple[int, ...]
    operations: tuple[str | None, ...]
    platforms: tuple[str, ...]
    digests: Ints


def layer_grids(observations: Observations) -> tuple[LayerGrid, ...]:
    """One grid per (workload, input, variant) that has layer outputs."""
    counted = tally(observations, "layer")
    operations = _operations(observations)
    grids: dict[tuple[int, int, int], list[int]] = {}
    keys = counted.keys
    for row, key in enumerate(
        zip(*(keys[part].tolist() for part in ("workload", "variant", "input")), strict=True)
    ):
        grids.setdefault(key, []).append(row)
    slices = counted.slices()
    return tuple(_grid(observations, counted, operations, rows, slices) for rows in grids.values())


def layer_profile(observations: Observations, grid: LayerGrid) -> LayerProfile:
    """Classes and remaining precision of each layer; splits and merges against the one before."""
    rows: list[LayerRow] = []
    before: Ints | None = None
    for layer, digests in enumerate(grid.digests):
        present = digests[digests >= 0]
        classes = np.unique(present)
        splits, merges = _changes(before, digests)
        rows.append(
            LayerRow(
                grid.indices[layer],
                grid.names[layer],
                grid.operations[layer],
                int(present.size),
                int(classes.size),
                remaining_precision(observations.chains, classes),
                splits or (before is None and classes.size > 1),
                merges,
            )
        )
        before = digests
    parting = next((row.name for row in rows if row.classes > 1), None)
    return LayerProfile(grid.workload, grid.input, grid.variant, tuple(rows), parting)


def first_parting(grid: LayerGrid, a: str, b: str) -> str | None:
    """The first layer at which platforms ``a`` and ``b`` differ; ``None`` if they never do.

    Layers that one of them did not give are passed over. Raises ``ValueError`` for a name that
    the grid does not have.
    """
    left, right = (grid.digests[:, _column(grid, name)] for name in (a, b))
    apart = np.flatnonzero((left >= 0) & (right >= 0) & (left != right))
    return grid.names[int(apart[0])] if apart.size else None


def _column(grid: LayerGrid, platform: str) -> int:
    if platform not in grid.platforms:
        raise ValueError(f"no platform {platform!r}: there are {', '.join(grid.platforms)}")
    return grid.platforms.index(platform)


def _changes(before: Ints | None, now: Ints) -> tuple[bool, bool]:
    """Whether some class of ``before`` is split ``now``, and whether some are merged."""
    if before is None:
        return False, False
    both = (before >= 0) & (now >= 0)
    pairs = np.unique(np.stack([before[both], now[both]]), axis=1).shape[1]
    return (
        bool(pairs > np.unique(before[both]).size),
        bool(pairs > np.unique(now[both]).size),
    )


def _grid(
    observations: Observations,
    counted: Tally,
    operations: dict[tuple[int, int], str],
    rows: list[int],
    slices: list[slice],
) -> LayerGrid:
    table, keys = observations.table, counted.keys
    platforms = tuple(table["platform"].cat.categories)
    digests = np.full((len(rows), len(platforms)), -1, dtype=np.int64)
    for layer, row in enumerate(rows):
        part = slices[row]
        chosen = counted.stands[part]
        digests[layer, counted.platform[part][chosen]] = counted.digest[part][chosen]
    outputs = keys["output"].to_numpy()[rows].tolist()
    indices = keys["index"].to_numpy()[rows].tolist()
    names = table["output"].cat.categories
    first = keys.iloc[rows[0]]
    workload, given, variant = (
        str(table[part].cat.categories[first[part]]) for part in ("workload", "input", "variant")
    )
    return LayerGrid(
        workload,
        given,
        variant,
        names=tuple(str(names[output]) for output in outputs),
        indices=tuple(indices),
        operations=tuple(operations.get(key) for key in zip(outputs, indices, strict=True)),
        platforms=platforms,
        digests=digests,
    )


def _operations(observations: Observations) -> dict[tuple[int, int], str]:
    """The operation of each layer, by (output code, index)."""
    table = observations.table
    known = table[table["operation"].notna() & (table["role"] == "layer")]
    distinct = known[["output", "index", "operation"]].drop_duplicates()
    return {
        (int(code), int(index)): str(operation)
        for code, index, operation in zip(
            distinct["output"].cat.codes, distinct["index"], distinct["operation"], strict=True
        )
    }
