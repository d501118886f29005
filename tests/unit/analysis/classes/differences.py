"""Partitions for tests of differences, written as ``{class id: platforms}``."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.results.partitions import EqClass, Missing, Partition


def partition(
    classes: Mapping[str, str],
    *,
    output: str = "output",
    varying: str = "",
    missing: str = "",
    precision: int | None = 10,
) -> Partition:
    """A partition; ``{"a": "p q"}`` means that platforms p and q are class a."""
    return Partition(
        "net",
        "zeros",
        "numpy float32",
        output,
        sessions=1,
        remaining_precision=precision,
        mantissa_bits=23,
        classes=tuple(
            EqClass(key, number, tuple(sorted(names.split())), (key * 64,))
            for number, (key, names) in enumerate(classes.items(), start=1)
        ),
        nondeterministic=tuple(sorted(varying.split())),
        missing=tuple(Missing(name, "failed", "timeout") for name in sorted(missing.split())),
        dendrogram=None,
    )
