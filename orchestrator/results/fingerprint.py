"""A fingerprint as the analysis sees it: docs/formats.md, section 4, as types, to be read only.

``store/parse.py`` makes these of JSON. ``None`` is "not known", for values and for lists alike:
no flags that could be read are not the same as no flags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache of the processor."""

    level: int | None = None
    type: str | None = None
    """``data``, ``instruction`` or ``unified``."""
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Flags that only one of the two sources has."""

    only_cpuid: tuple[str, ...] = ()
    only_kernel: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Xcr0:
    """The register state that the operating system saves."""

    value: str | None = None
    sse: bool | None = None
    avx: bool | None = None
    avx512: bool | None = None
    amx: bool | None = None


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor, by CPUID or what stands for it on Arm."""

    architecture: str | None = None
    vendor: str | None = None
    brand: str | None = None
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    microarchitecture: str | None = None
    microcode: str | None = None
    flags: tuple[str, ...] | None = None
    flags_kernel: tuple[str, ...] | None = None
    disagreement: Disagreement = Disagreement()
    caches: tuple[Cache, ...] | None = None
    hypervisor: str | None = None
    xcr0: Xcr0 = Xcr0()
    leaves: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Cgroup:
    """What the container may use; ``None``: no limit, or not known."""

    cpus: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, as its driver describes it."""

    name: str | None = None
    uuid: str | None = None
    compute_capability: str | None = None
    """``7.5``."""
    driver: str | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Software:
    """Versions of what lies below a framework."""

    kernel: str | None = None
    os: str | None = None
    libc: str | None = None
    python: str | None = None
    numpy: str | None = None
    cuda: str | None = None
    cudnn: str | None = None


@dataclass(frozen=True, slots=True)
class Silicon:
    """The processor below a presented one."""

    vendor: str | None = None
    brand: str | None = None
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    flags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PresentedCpu:
    """The CPU that programs were shown in place of the computer's own."""

    name: str | None = None
    method: str | None = None
    """``faulting`` (the kernel stops CPUID) or ``patching`` (the instructions were replaced)."""
    xcr0: str | None = None
    host: Silicon = Silicon()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a machine, seen from inside, says it is."""

    emulated: str | None = None
    presented: PresentedCpu | None = None
    """Where it is not ``None``, ``cpu`` is the presented one."""
    cpu: Cpu = Cpu()
    approximation: Mapping[str, str] | None = None
    """Digest of what each approximate instruction gives, by its name: ``blake3:…``. A name that is
    absent was not executed; ``None``: not known, as in fingerprints of older runners."""
    logical_cpus: int | None = None
    affinity: tuple[int, ...] | None = None
    cgroup: Cgroup = Cgroup()
    memory_bytes: int | None = None
    gpus: tuple[Gpu, ...] | None = None
    system: Software = Software()
    environment: Mapping[str, str] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why a value is ``None``, by dotted path."""

    @property
    def unread(self) -> Mapping[str, str]:
        """``missing`` without the approximate instructions that the CPU has not: these are no gap
        in what is known of it."""
        instructions = "approximation."
        return {at: why for at, why in self.missing.items() if not at.startswith(instructions)}


UNKNOWN = Fingerprint()
"""Of a machine of which nothing is known."""
