"""Summaries to format: one that has every part, and hostile names."""

from __future__ import annotations

import numpy as np

from orchestrator.results.fingerprint import Cpu, Fingerprint
from orchestrator.results.partitions import Planned, Summary
from tests.unit.analysis.records import A, B, C, cell, output, record
from tests.unit.analysis.summarised import summarise

HOSTILE = '</script><script>alert(1)</script>\x1b[2J|`*_[x](javascript:1)\\input{x}$&%#\u202e"\n'
FORMULA = "=cmd|' /C calc'!A0"


def full(extra: str = "mask/avx") -> Summary:
    """Three classes, a missing platform, a nondeterministic one, layers; ``extra``: a name."""
    fingerprint = Fingerprint(
        cpu=Cpu(architecture="x86_64", brand=f"Brand of {extra}", flags=("sse2", "avx")),
        logical_cpus=2,
        memory_bytes=2**34,
    )
    died = {"code": "illegal-instruction", "message": f"SIGILL in {extra}"}
    records = [
        record("local", [A, output(A, "conv", 0)], fingerprint="f"),
        record("emulated/Haswell", [B, output(B, "conv", 0)], emulated="Haswell"),
        record(extra, [C, output(B, "conv", 0)], masked="avx", fingerprint="f"),
        record("varies", [A], session=0),
        record("varies", [A], session=1),
        record("varies", [B], session=2),
        record("emulated/Nehalem", [], status="unsupported", reason=died, emulated="Nehalem"),
        record("local", [np.array([3])], given="digits:1"),
    ]
    silent = ("silent", "net", "digits:0", "numpy float32")
    return summarise(records, (Planned(cell(*silent), *silent),), {"f": fingerprint})
