"""Layer by layer: where platforms part, how far, and where they are together again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.classes.precision import remaining_precisions
from orchestrator.analysis.observations.columns import Observations
from orchestrator.analysis.observations.tally import Tally, of_name, tally
from orchestrator.results.layers import UnrecordedLayer
from orchestrator.results.partitions import LayerProfile, LayerRow

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


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


def layer_profiles(
    observations: Observations, grids: Sequence[LayerGrid]
) -> tuple[LayerProfile, ...]:
    """One profile for each of the ``grids`` of ``observations``, with what was not recorded.

    Then one without rows for each computation that has layers of which none was recorded.
    """
    unrecorded = _unrecorded(observations)
    found = [layer_profile(observations, grid) for grid in grids]
    profiles = [
        replace(profile, unrecorded=tuple(_missing_layers(profile, grid, unrecorded)))
        for profile, grid in zip(found, grids, strict=True)
    ]
    keys = {(profile.workload, profile.input, profile.variant) for profile in found}
    profiles += [
        LayerProfile(*key, (), None, tuple(_layer(*item) for item in sorted(layers.items())))
        for key, layers in unrecorded.items()
        if key not in keys
    ]
    return tuple(profiles)


def layer_profile(observations: Observations, grid: LayerGrid) -> LayerProfile:
    """Classes and remaining precision of each layer; splits and merges against the one before."""
    classes, codes = _distinct(grid.digests)
    splits, merges = _changes(grid.digests, classes)
    some = np.flatnonzero(classes)
    starts = np.concatenate([[0], np.cumsum(classes)[:-1]])[some] if some.size else some
    precisions = dict(
        zip(some.tolist(), remaining_precisions(observations.chains, codes, starts), strict=True)
    )
    rows = tuple(
        LayerRow(
            grid.indices[layer],
            grid.names[layer],
            grid.operations[layer],
            present,
            count,
            precisions.get(layer),
            split,
            merge,
        )
        for layer, (present, count, split, merge) in enumerate(
            zip(
                (grid.digests >= 0).sum(axis=1).tolist(),
                classes.tolist(),
                splits.tolist(),
                merges.tolist(),
                strict=True,
            )
        )
    )
    parting = next((row.name for row in rows if row.classes > 1), None)
    return LayerProfile(grid.workload, grid.input, grid.variant, rows, parting)


LayerKey = tuple[int, str, str, str]
"""Index, name, reason, and the operation or nothing."""


def _unrecorded(
    observations: Observations,
) -> dict[tuple[str, str, str], dict[LayerKey, set[str]]]:
    """By computation and layer, the platforms that could not record it."""
    found: dict[tuple[str, str, str], dict[LayerKey, set[str]]] = {}
    for platform, computation, layer in observations.each_unrecorded("layer"):
        key = (layer.index, layer.name, layer.reason, layer.operation or "")
        found.setdefault(computation, {}).setdefault(key, set()).add(platform)
    return found


def _missing_layers(
    profile: LayerProfile,
    grid: LayerGrid,
    unrecorded: Mapping[tuple[str, str, str], Mapping[LayerKey, set[str]]],
) -> Iterator[UnrecordedLayer]:
    """Those of ``profile``; a platform that recorded a layer in some session has it."""
    layers = unrecorded.get((profile.workload, profile.input, profile.variant), {})
    rows = {key: row for row, key in enumerate(zip(grid.indices, grid.names, strict=True))}
    for key, platforms in sorted(layers.items()):
        row = rows.get(key[:2])
        given = () if row is None else np.flatnonzero(grid.digests[row] >= 0).tolist()
        lacking = platforms - {grid.platforms[column] for column in given}
        if lacking:
            yield _layer(key, lacking)


def _layer(key: LayerKey, platforms: set[str]) -> UnrecordedLayer:
    index, name, reason, operation = key
    return UnrecordedLayer(index, name, operation or None, reason, tuple(sorted(platforms)))


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


def _changes(digests: Ints, classes: Ints) -> tuple[Bools, Bools]:
    """By layer: whether some class of the one before is split, and whether some are merged.

    The first layer splits what is one before anything is computed.
    """
    both = (digests[:-1] >= 0) & (digests[1:] >= 0)
    before, now = np.where(both, digests[:-1], -1), np.where(both, digests[1:], -1)
    pairs = _distinct(np.where(both, before * (digests.max(initial=0) + 1) + now, -1))[0]
    splits = np.concatenate([classes[:1] > 1, pairs > _distinct(before)[0]])
    merges = np.concatenate([np.zeros(len(classes[:1]), bool), pairs > _distinct(now)[0]])
    return splits, merges


def _distinct(values: Ints) -> tuple[Ints, Ints]:
    """How many values of each row differ, without those below 0; and these, row after row."""
    size = int(values.max(initial=0)) + 1
    rows, columns = np.nonzero(values >= 0)
    found = np.unique(rows * size + values[rows, columns])
    return np.bincount(found // size, minlength=len(values)), found % size


def _grid(
    observations: Observations,
    counted: Tally,
    operations: dict[Key, str],
    rows: list[int],
    slices: list[slice],
) -> LayerGrid:
    known, keys = observations.outputs, counted.keys
    platforms = known.platform.names
    digests = np.full((len(rows), len(platforms)), -1, dtype=np.int64)
    for layer, row in enumerate(rows):
        part = slices[row]
        chosen = counted.stands[part]
        digests[layer, counted.platform[part][chosen]] = counted.digest[part][chosen]
    outputs = keys["output"].to_numpy()[rows].tolist()
    indices = keys["index"].to_numpy()[rows].tolist()
    workload, given, variant = (
        int(keys[part].to_numpy()[rows[0]]) for part in ("workload", "input", "variant")
    )
    return LayerGrid(
        known.workload.names[workload],
        known.input.names[given],
        known.variant.names[variant],
        names=tuple(known.output.names[output] for output in outputs),
        indices=tuple(indices),
        operations=tuple(
            operations.get((workload, variant, output, index))
            for output, index in zip(outputs, indices, strict=True)
        ),
        platforms=platforms,
        digests=digests,
    )


Key = tuple[int, int, int, int]
"""Codes of workload, variant and output, and the layer's index."""


def _operations(observations: Observations) -> dict[Key, str]:
    """The operation of each layer of each workload and variant: names of layers recur in others."""
    outputs = observations.outputs
    known = np.flatnonzero((outputs.operation.codes >= 0) & of_name(outputs.role, "layer"))
    parts = (outputs.workload, outputs.variant, outputs.output)
    columns = (
        *(part.codes[known] for part in parts),
        outputs.index[known],
        outputs.operation.codes[known],
    )
    key = np.ravel_multi_index(columns, [int(column.max(initial=0)) + 1 for column in columns])
    # By first appearance: where records contradict each other the one that came last counts.
    first = np.sort(np.unique(key, return_index=True)[1])
    *keys, operations = (column[first].tolist() for column in columns)
    names = [outputs.operation.names[operation] for operation in operations]
    return dict(zip(zip(*keys, strict=True), names, strict=True))
