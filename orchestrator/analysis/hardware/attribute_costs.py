"""How likely an attribute is a cause: the rule by which minimal sets are ranked.

Cost 0: the instruction set and kernels a library says it chose, and flags of vector arithmetic on
floats. 1: other SIMD flags, settings, threads, and cores in bins. 2: exact core counts, vendor,
software, GPU, first cache, environment, and units of approximate instructions, which few operators
use. 4: any other flag. 8: what identifies the platform as a whole, 6 for its generation, the one
people know. Sets of equal size are ranked by the sum of their costs, then by name; a cluster costs
as much as its cheapest member, which comes first in it.
"""

from __future__ import annotations

from orchestrator.catalog.emulation import is_float_simd, simd_meaning
from orchestrator.results.explanation import Kind

_COSTS = {
    Kind.ISA: 0,
    Kind.KERNEL: 0,
    Kind.SETTING: 1,
    Kind.THREADS: 1,
    Kind.CACHE: 2,
    Kind.APPROXIMATION: 2,
    Kind.CORES: 2,
    Kind.VENDOR: 2,
    Kind.SOFTWARE: 2,
    Kind.GPU: 2,
    Kind.ENVIRONMENT: 2,
    Kind.IDENTITY: 8,
}
CORES = "cores"
GENERATION = "generation"
CORE_BIN = "core bin"
"""Its own name: a bin is preferred to a count because it says less."""
CORE_BINS = (1, 2, 4, 8, 12, 16, 32)
"""Lowest count of each bin. The last is open: above it the study saw no further classes."""

_SIGNS = ("avx512f", "avx2", "fma", "avx", "sve", "asimd", "vendor", "reciprocal estimates")
"""The usual name of a group of flags that came together, preferred among equals."""


def cost(name: str, kind: Kind) -> int:
    """0 for the likeliest kind of cause, more for others."""
    if kind is Kind.FLAG:
        if is_float_simd(name):
            return 0
        return 1 if simd_meaning(name) else 4
    return {CORE_BIN: 1, GENERATION: 6}.get(name, _COSTS[kind])


def order(name: str, kind: Kind) -> tuple[int, int, str]:
    """Sort key within a cluster: likeliest cause first, then the best-known name."""
    known = _SIGNS.index(name) if name in _SIGNS else len(_SIGNS)
    return cost(name, kind), known, name
