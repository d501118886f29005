"""Findings of a few machines, with real tensors and fingerprints."""

from __future__ import annotations

from typing import Any

import numpy as np

from orchestrator.analysis.findings import Findings
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.partitions import Planned
from orchestrator.results.record import Observation
from orchestrator.results.table import Table
from orchestrator.results.tensor_file import digest, tensor_file
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.unit.analysis.records import A, B, C, cell, output, record

INTEL, AMD = "GenuineIntel", "AuthenticAMD"
MODELS = {"haswell": (INTEL, 6, 0x3F, 2), "skylake": (INTEL, 6, 0x55, 4), "rome": (AMD, 23, 49, 0)}
FLAGS = {
    "haswell": ["sse2", "avx", "avx2", "fma"],
    "skylake": ["sse2", "avx", "avx2", "fma", "avx512f"],
    "rome": ["sse2", "avx", "avx2", "fma", "sse4a"],
}


def fingerprint(model: str, cores: int, gpus: list[dict[str, Any]] | None = None) -> Fingerprint:
    vendor, family, number, stepping = MODELS[model]
    return parse_fingerprint(
        {
            "cpu": {
                "architecture": "x86_64",
                "vendor": vendor,
                "brand": f"CPU {model}",
                "family": family,
                "model": number,
                "stepping": stepping,
                "flags": FLAGS[model],
            },
            "logical_cpus": cores,
            "memory_bytes": 8 * 2**30 - 10**8,
            "gpus": gpus or [],
        }
    )


FINGERPRINTS = {
    f"{model}{cores}": fingerprint(model, cores) for model in MODELS for cores in (2, 16)
}


def found(records: list[Observation], **more: Any) -> Findings:
    return Findings(records, FINGERPRINTS | more.pop("fingerprints", {}), **more)


def fleet(**more: Any) -> Findings:
    """Three classes at two cores, two at sixteen; the records are not in order of hardware."""
    outputs = {"skylake2": A, "haswell2": B, "rome2": C, "skylake16": B, "haswell16": B}
    outputs |= {"rome16": C}
    records = [record(name, [array], fingerprint=name) for name, array in outputs.items()]
    return found(records, **more)


def layered(relu: np.ndarray = B) -> Findings:
    """Two platforms that differ in layer ``conv``; with the default they agree in ``relu``."""
    after = output(relu, "relu", 1) | {"operation": "relu"}
    return found(
        [
            record("p", [output(A, "conv", 0), output(B, "relu", 1) | {"operation": "relu"}, A]),
            record("q", [output(C, "conv", 0), after, A]),
        ]
    )


def stored(*arrays: np.ndarray) -> Any:
    """A function that returns one of these tensors by its digest, else ``None``."""
    known = {
        digest(tensor_file(a.dtype.name, a.shape, a.tobytes())): (a.dtype.name, a.shape, a)
        for a in arrays
    }
    return known.get


def planned(platform: str) -> Planned:
    parts = (platform, "net", "digits:0", "numpy float32")
    return Planned(cell(*parts), *parts)


def rows(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]
