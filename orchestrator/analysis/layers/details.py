"""What each layer does to precision, and how many of its elements deviate.

Tables SUP-8 and SUP-9 of the study. The effect on precision comes from the chains alone; the
deviating share needs the tensors of every class of the layer and of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.classes.consequences import Tensors
from orchestrator.analysis.classes.precision import remaining_precision
from orchestrator.analysis.layers.profile import LayerGrid
from orchestrator.analysis.observations.table import Observations
from orchestrator.results.floats import FORMATS, bits_of
from orchestrator.results.layers import (
    DeviatingShare,
    Effect,
    EffectCount,
    LayerDetail,
    LayerDetails,
)
from orchestrator.results.tensor_file import COMPLEX

ACTIVATIONS = frozenset(("relu", "sigmoid", "tanh"))
"""Operations that the study counts as activations; a softmax ends a model and is none."""


def layer_details(
    observations: Observations, grids: Iterable[LayerGrid], tensors: Tensors | None = None
) -> tuple[LayerDetails, ...]:
    """One ``LayerDetails`` for each of the ``grids`` of ``observations``.

    Without ``tensors`` a share is known only where all platforms agree. Two tensors are held at
    once, and each is read once, or twice if platforms lack the layer before or after.
    """
    return tuple(_details(observations, grid, tensors) for grid in grids)


def effect_counts(
    details: Iterable[LayerDetails], operations: Iterable[str] = ACTIVATIONS
) -> tuple[EffectCount, ...]:
    """Layers that raise, keep and lower precision, by operation (Table SUP-9).

    Averaged over the inputs of each (workload, variant); only layers of ``operations`` count.
    """
    wanted = frozenset(operations)
    groups: dict[tuple[str, str, str | None], dict[str, list[Effect]]] = {}
    for detail in details:
        for layer in detail.layers:
            if layer.operation in wanted:
                group = groups.setdefault((detail.workload, detail.variant, layer.operation), {})
                group.setdefault(detail.input, []).append(layer.effect)
    found = []
    for key, by_input in groups.items():
        effects = [effect for given in by_input.values() for effect in given]
        number = len(by_input)
        raises, keeps, lowers, undefined = (effects.count(effect) / number for effect in Effect)
        found.append(EffectCount(*key, number, raises, keeps, lowers, undefined))
    return tuple(found)


def deviating_shares(
    details: Iterable[LayerDetails], operations: Iterable[str] = ACTIVATIONS
) -> tuple[DeviatingShare, ...]:
    """Deviating share before and after each layer of ``operations`` (Table SUP-8).

    Averaged over the inputs of each (workload, variant) whose tensors were all there.
    """
    wanted = frozenset(operations)
    groups: dict[tuple[str, str, int, str, str | None], list[LayerDetail]] = {}
    for detail in details:
        for layer in detail.layers:
            if layer.operation in wanted:
                key = (detail.workload, detail.variant, layer.index, layer.name, layer.operation)
                groups.setdefault(key, []).append(layer)
    return tuple(_averaged(key, layers) for key, layers in groups.items())


def _averaged(
    key: tuple[str, str, int, str, str | None], layers: Sequence[LayerDetail]
) -> DeviatingShare:
    shares = [
        (layer.deviating_before, layer.deviating_after)
        for layer in layers
        if layer.deviating_before is not None and layer.deviating_after is not None
    ]
    known = len(shares)
    before, after = (
        sum(share[side] or 0.0 for share in shares) / known if known else None for side in (0, 1)
    )
    return DeviatingShare(*key, known, len(layers) - known, before, after)


def _details(observations: Observations, grid: LayerGrid, tensors: Tensors | None) -> LayerDetails:
    chains = observations.chains
    shares = _Shares(chains.digests, tensors)
    layers = []
    for row, digests in enumerate(grid.digests):
        common = digests >= 0
        if row == 0:
            # Before the first layer is the input, which is the same on every platform.
            bits = chains.bits[digests[common]]
            precision_before = int(bits.min()) if bits.size and bits.min() >= 0 else None
            share_before: float | None = 0.0
        else:
            earlier = grid.digests[row - 1]
            common &= earlier >= 0
            codes = np.unique(earlier[common])
            precision_before = remaining_precision(chains, codes)
            share_before = shares.of(codes)
        now = np.unique(digests[common])
        precision_after = remaining_precision(chains, now)
        layers.append(
            LayerDetail(
                grid.indices[row],
                grid.names[row],
                grid.operations[row],
                platforms=int(common.sum()),
                before=precision_before,
                after=precision_after,
                effect=_effect(precision_before, precision_after),
                deviating_before=share_before,
                deviating_after=shares.of(now),
            )
        )
    return LayerDetails(grid.workload, grid.input, grid.variant, tuple(layers), len(shares.absent))


def _effect(before: int | None, after: int | None) -> Effect:
    if before is None or after is None:
        return Effect.UNDEFINED
    if before == after:
        return Effect.KEEPS
    return Effect.RAISES if after > before else Effect.LOWERS


class _Shares:
    """Shares of sets of outputs, each computed once: a layer's is the next one's before."""

    def __init__(self, digests: Sequence[str], tensors: Tensors | None) -> None:
        self._digests = digests
        self._tensors = tensors
        self._known: dict[bytes, float | None] = {}
        self.absent: set[int] = set()

    def of(self, codes: npt.NDArray[np.int64]) -> float | None:
        """Share of elements that are not bit-identical in all outputs ``codes`` (distinct)."""
        if codes.size < 2:
            # One output for all needs no tensor; none at all has no share.
            return 0.0 if codes.size else None
        key = codes.tobytes()
        if key not in self._known:
            self._known[key] = self._computed(codes.tolist())
        return self._known[key]

    def _computed(self, codes: Sequence[int]) -> float | None:
        first: tuple[str, tuple[int, ...], npt.NDArray[np.uint64]] | None = None
        deviates: npt.NDArray[np.bool_] | None = None
        comparable = True
        for code in codes:
            tensor = self._tensors(self._digests[code]) if self._tensors else None
            if tensor is None:
                self.absent.add(code)
                continue
            dtype, shape, array = tensor
            if dtype not in FORMATS or (first is not None and first[:2] != (dtype, shape)):
                comparable = False
                continue
            parts = 2 if dtype in COMPLEX else 1
            bits = bits_of(dtype, array).reshape(array.size, parts)
            if first is None:
                first, deviates = (dtype, shape, bits), np.zeros(array.size, dtype=bool)
            else:
                deviates |= (bits != first[2]).any(axis=1)
        if deviates is None or not comparable or self.absent.intersection(codes):
            return None
        return float(deviates.mean()) if deviates.size else 0.0
