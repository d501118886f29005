"""Which kernels computed the operators of a session; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Algorithm(StrEnum):
    """How a convolution or a product is computed."""

    DIRECT = "direct"
    GEMM = "GEMM"
    """One matrix product; where it is a convolution's, how that became one is not known."""
    IMPLICIT_GEMM = "implicit GEMM"
    """The matrix of windows is never stored."""
    EXPLICIT_GEMM = "explicit GEMM"
    """The matrix of windows is stored (im2col)."""
    PRECOMPUTED_GEMM = "precomputed GEMM"
    """Implicit, with offsets computed before."""
    WINOGRAD = "Winograd"
    """Fused, or it is not known whether."""
    WINOGRAD_FUSED = "fused Winograd"
    WINOGRAD_NONFUSED = "non-fused Winograd"
    FFT = "FFT"


@dataclass(frozen=True, slots=True)
class KernelRecord:
    """One kernel, by the name that its source gives it."""

    kernel: str
    operation: str | None = None
    """What the framework calls what it computes."""
    sizes: str | None = None
    """The problem's, as the source writes it."""
    layer: str | None = None
    """The layer that it belongs to; ``None``: not known."""
    source: str = ""
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Kernels:
    """What was found of one session, in a process of its own."""

    rows: tuple[KernelRecord, ...] = ()
    perturbed: bool | None = None
    """Whether that process gave other final outputs; ``None``: it gave none."""
    reason: str | None = None
    """Why kernels are not known, or not all."""

    @property
    def told(self) -> bool:
        """Whether these are the kernels of the session itself: its bits were the same."""
        return self.perturbed is False and bool(self.rows)


@dataclass(frozen=True, slots=True)
class KernelUse:
    """A kernel in the sessions of one platform that ran it."""

    workload: str
    input: str
    variant: str
    platform: str
    kernel: KernelRecord
    kind: str | None
    """Its algorithm by its name, in words; ``None``: unclassified."""
    sessions: int
    of_sessions: int
    """Sessions of the platform whose kernels are known."""


@dataclass(frozen=True, slots=True)
class KernelUses:
    """All kernels of a store, and of which sessions they are not known."""

    uses: tuple[KernelUse, ...]
    asked: int
    """Sessions in which kernels were to be observed."""
    untold: tuple[tuple[str, int], ...]
    """(reason, number of sessions)."""
    perturbed: int
    """Sessions whose observing process gave other final outputs."""
