"""The environment in which a process sees the presented CPU, and the files that it names."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Iterable, Mapping

from .instructions import LIBRARY_VARIABLE
from .table import Presented, named, to_text

TABLE = "EQC_PRESENTED_TABLE"
SITES = "EQC_PRESENTED_SITES"
REPORT = "EQC_PRESENTED_REPORT"
METHOD = "EQC_PRESENTED_METHOD"
"""``faulting`` or ``patching``, of the runner's own environment: for tests."""
TUNABLES = "GLIBC_TUNABLES"
_HWCAPS = "glibc.cpu.hwcaps"

_GLIBC_NAMES = {
    "avx": ("AVX", "AVX_Usable"),
    "avx2": ("AVX2", "AVX2_Usable"),
    "avx512bw": ("AVX512BW", "AVX512BW_Usable"),
    "avx512cd": ("AVX512CD", "AVX512CD_Usable"),
    "avx512dq": ("AVX512DQ", "AVX512DQ_Usable"),
    "avx512f": ("AVX512F", "AVX512F_Usable"),
    "avx512vl": ("AVX512VL", "AVX512VL_Usable"),
    "bmi1": ("BMI1",),
    "bmi2": ("BMI2",),
    "erms": ("ERMS",),
    "fma": ("FMA", "FMA_Usable"),
    "fma4": ("FMA4", "FMA4_Usable"),
    "fsrm": ("FSRM",),
    "abm": ("LZCNT",),
    "movbe": ("MOVBE",),
    "popcnt": ("POPCNT",),
    "rtm": ("RTM",),
    "sse4_1": ("SSE4_1",),
    "sse4_2": ("SSE4_2",),
    "ssse3": ("SSSE3",),
}
"""By the kernel's name of a flag, glibc's names, new and old; it ignores those it does not know.

Only what selects functions: without XSAVE the loader would not keep the registers of programs."""


class Presentation:
    """What processes need to see ``presented``; a context manager, whose files end with it.

    ``None``: they see the CPU as it is.
    """

    def __init__(self, presented: Presented | None) -> None:
        self.presented = presented
        self._workers = 0
        self._files: Any = None
        self._host: dict[str, Any] = {}

    def __enter__(self) -> Presentation:
        if self.presented is not None:
            self._files = tempfile.TemporaryDirectory(prefix="eqc-presented-")
            text = to_text(self.presented.leaves, self.presented.xcr0)
            Path(self._files.name, "table").write_text(text, encoding="ascii")
            # Imported where a CPU is presented only: the supervisor loads nothing that it need not.
            from eqc_runner.probe.processor import describe_processor  # noqa: PLC0415

            self._host = describe_processor()
        return self

    def __exit__(self, *_: object) -> None:
        if self._files is not None:
            self._files.cleanup()

    def environment(self, cell: Mapping[str, str]) -> dict[str, str]:
        """``cell`` with what presents the CPU to one process and its children."""
        if self.presented is None:
            return dict(cell)
        self._workers += 1
        folder = Path(self._files.name)
        added = environment(self.presented, folder, self._host.get("flags") or ())
        added[REPORT] = str(folder / f"report-{self._workers}")
        tunables = joined(cell.get(TUNABLES, ""), added.pop(TUNABLES))
        if tunables:
            added[TUNABLES] = tunables
        return {**cell, **added}

    def record(self, method: str) -> dict[str, Any]:
        """``presented`` of the fingerprint (docs/formats.md, section 4)."""
        assert self.presented is not None  # noqa: S101 - only called where a CPU is presented
        names = ("vendor", "brand", "family", "model", "stepping", "flags")
        return {
            "name": self.presented.name,
            "method": method,
            "xcr0": f"0x{self.presented.xcr0:x}",
            "leaves": named(self.presented.leaves),
            "host": {name: self._host.get(name) for name in names},
        }


def environment(presented: Presented, folder: Path, host_flags: Iterable[str]) -> dict[str, str]:
    """The variables that present ``presented``, whose table lies in ``folder``.

    glibc has read CPUID before anything can answer it: what ``host_flags`` have and the presented
    CPU lacks is switched off by ``GLIBC_TUNABLES``, so that its functions are that CPU's.
    """
    from eqc_runner.probe.flags import decode_flags  # noqa: PLC0415

    flags = decode_flags(named(presented.leaves))
    lacking = sorted(set(host_flags) - set(flags))
    off = [f"-{name}" for flag in lacking for name in _GLIBC_NAMES.get(flag, ())]
    return {
        "LD_AUDIT": presented.library,
        LIBRARY_VARIABLE: presented.library,
        TABLE: str(folder / "table"),
        SITES: presented.sites,
        REPORT: str(folder / "report"),
        TUNABLES: f"{_HWCAPS}={','.join(off)}" if off else "",
    }


def joined(first: str, second: str) -> str:
    """Both values of ``GLIBC_TUNABLES`` as one: of a tunable named twice glibc takes the last.

    So the lists of ``glibc.cpu.hwcaps`` become one list; of others the first value stays.
    """
    found: dict[str, str] = {}
    for each in (*first.split(":"), *second.split(":")):
        name, equals, value = each.partition("=")
        if not equals:
            continue
        if name == _HWCAPS and found.get(name):
            value = f"{found[name]},{value}"
        elif name in found:
            continue
        found[name] = value
    return ":".join(f"{name}={value}" for name, value in found.items())
