"""What the names of kernels say of their algorithm: ``kernels.json``, patterns in order.

A pattern is a glob over the whole name, as ``fnmatch`` takes it, and minds letters' case; the
first that fits counts. A name that none fits is unclassified: nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from importlib import resources

from orchestrator.results.kernels import Algorithm, KernelRecord

UNCLASSIFIED = "unclassified"
TENSOR_CORE = "tensor core"
_COMBINED = (Algorithm.WINOGRAD_NONFUSED, Algorithm.WINOGRAD_FUSED, Algorithm.WINOGRAD,
             Algorithm.FFT, Algorithm.EXPLICIT_GEMM, Algorithm.PRECOMPUTED_GEMM,
             Algorithm.IMPLICIT_GEMM, Algorithm.DIRECT, Algorithm.GEMM)  # fmt: skip
"""Of the kernels of one operator, the algorithm that needs the others as its parts comes first."""


@dataclass(frozen=True, slots=True)
class KernelKind:
    """What a pattern says of the kernels it fits."""

    algorithm: Algorithm
    tensor_core: bool = False

    def __str__(self) -> str:
        """``implicit GEMM, tensor core``."""
        return f"{self.algorithm}, {TENSOR_CORE}" if self.tensor_core else self.algorithm.value


@dataclass(frozen=True, slots=True)
class _Entry:
    patterns: tuple[re.Pattern[str], ...]
    operations: tuple[re.Pattern[str], ...]
    kind: KernelKind

    def fits(self, kernel: str, operation: str | None) -> bool:
        if self.operations and not any(one.match(operation or "") for one in self.operations):
            return False
        return any(pattern.match(kernel) for pattern in self.patterns)


@cache
def kind_of(kernel: str, operation: str | None = None) -> KernelKind | None:
    """What is known of a kernel by its name; ``None``: it is unclassified."""
    return next((entry.kind for entry in _entries() if entry.fits(kernel, operation)), None)


def kind_of_operator(kernels: Iterable[KernelRecord]) -> KernelKind | None:
    """What the kernels of one operator do together: transforms and a product are Winograd's."""
    found = [kind_of(kernel.kernel, kernel.operation) for kernel in kernels]
    kinds = [kind for kind in found if kind is not None]
    if not kinds:
        return None
    first = min(kinds, key=lambda kind: _COMBINED.index(kind.algorithm))
    return KernelKind(first.algorithm, any(kind.tensor_core for kind in kinds))


@cache
def _entries() -> tuple[_Entry, ...]:
    text = resources.files(__package__).joinpath("kernels.json").read_text("utf-8")
    return tuple(
        _Entry(
            _globs(entry["patterns"]),
            _globs(entry.get("operations", ())),
            KernelKind(Algorithm(entry["algorithm"]), bool(entry.get("tensor_core"))),
        )
        for entry in json.loads(text)["kernels"]
    )


def _globs(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(translate(pattern)) for pattern in patterns)
