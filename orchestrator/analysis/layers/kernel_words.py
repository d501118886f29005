"""Kernels in a few words: what computed one layer of one session."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.catalog.kernels import kind_of, kind_of_operator
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
    return _words([row for row in _told(record) if row.layer == layer], record)


def contractions(record: Observation) -> dict[str, str]:
    """By layer, the kernels whose algorithm is known by name, in one text."""
    by_layer: dict[str, list[KernelRecord]] = {}
    for row in _told(record):
        if row.layer is not None and kind_of(row.kernel, row.operation) is not None:
            by_layer.setdefault(row.layer, []).append(row)
    return {layer: " + ".join(_words(rows, record)) for layer, rows in by_layer.items()}


def _told(record: Observation) -> tuple[KernelRecord, ...]:
    kernels = record.kernels
    return kernels.rows if kernels is not None and kernels.told else ()


def _words(rows: Sequence[KernelRecord], record: Observation) -> tuple[str, ...]:
    sizes: dict[str, list[str]] = {}
    for row in rows:
        known = sizes.setdefault(row.kernel, [])
        if row.kernel in _SIZED and row.sizes is not None:
            known.append(_times(row))
    words = [_named(name, sorted(given), record) for name, given in sizes.items()]
    kind = kind_of_operator(rows)
    return (*words[:-1], f"{words[-1]} ({kind})") if kind is not None else tuple(words)


def _times(row: KernelRecord) -> str:
    return f"{row.sizes} ({row.calls} times)" if row.calls > 1 else str(row.sizes)


def _named(name: str, sizes: list[str], record: Observation) -> str:
    if not sizes:
        return name
    framework = record.variant.framework or record.framework.name or ""
    return f"{_CALLERS.get(framework, '')}{name} {', '.join(sizes)}"
