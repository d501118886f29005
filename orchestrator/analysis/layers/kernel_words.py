"""Kernels in a few words: what computed one layer of one session."""

from __future__ import annotations

from orchestrator.catalog.kernels import kind_of_operator
from orchestrator.results.kernels import KernelRecord
from orchestrator.results.record import Observation

_SIZED = frozenset(("gemm_api",))
"""Kernels whose sizes the framework chose: they are the blocks, not the problem."""
_CALLERS = {"tensorflow": "Eigen contraction "}
"""Who divides the problem into the blocks of ``gemm_api``, by framework."""


def kernel_words(record: Observation, layer: str) -> tuple[str, ...]:
    """The kernels of ``layer``, each once, in words, and the algorithm behind them.

    Empty where they are not known, or are of a process that gave other bits.
    """
    kernels = record.kernels
    if kernels is None or not kernels.told:
        return ()
    own = [row for row in kernels.rows if row.layer == layer]
    if not own:
        return ()
    kind = kind_of_operator(own)
    sizes: dict[str, list[str]] = {}
    for row in own:
        known = sizes.setdefault(row.kernel, [])
        if row.kernel in _SIZED and row.sizes is not None:
            known.append(_times(row))
    words = [_named(name, sorted(given), record) for name, given in sizes.items()]
    return (*words[:-1], f"{words[-1]} ({kind})") if kind is not None else tuple(words)


def contractions(record: Observation) -> dict[str, str]:
    """By layer, the kernels of those whose algorithm is known by name, in one text."""
    kernels = record.kernels
    if kernels is None or not kernels.told:
        return {}
    layers = dict.fromkeys(row.layer for row in kernels.rows if row.layer is not None)
    return {
        layer: " + ".join(kernel_words(record, layer))
        for layer in layers
        if kind_of_operator(row for row in kernels.rows if row.layer == layer) is not None
    }


def _times(row: KernelRecord) -> str:
    return f"{row.sizes} ({row.calls} times)" if row.calls > 1 else str(row.sizes)


def _named(name: str, sizes: list[str], record: Observation) -> str:
    if not sizes:
        return name
    framework = record.variant.framework or record.framework.name or ""
    return f"{_CALLERS.get(framework, '')}{name} {', '.join(sizes)}"
