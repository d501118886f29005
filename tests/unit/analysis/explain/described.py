"""Observations and fingerprints of made-up machines, for the tests of explanations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.analysis.explain.explain import explain
from orchestrator.results.explanation import Explanation
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.unit.analysis.records import record

Machine = tuple[int, set[str] | None, int]
"""Class, CPU flags, cores."""


def fingerprint(flags: set[str] | None, cores: int = 4, **cpu: Any) -> Fingerprint:
    return parse_fingerprint(
        {
            "cpu": {
                "architecture": "x86_64",
                "vendor": "GenuineIntel",
                "flags": None if flags is None else sorted(flags),
                **cpu,
            },
            "logical_cpus": cores,
            "gpus": [],
            "environment": {},
        }
    )


def of_cpu(fingerprint: Fingerprint, **cpu: Any) -> Fingerprint:
    """``fingerprint``, of a processor with other values."""
    return replace(fingerprint, cpu=replace(fingerprint.cpu, **cpu))


def machines(
    given: dict[str, Machine], **settings: Any
) -> tuple[list[Observation], dict[str, Fingerprint]]:
    records, fingerprints = [], {}
    for name, (number, flags, cores) in given.items():
        fingerprints[f"f-{name}"] = fingerprint(flags, cores)
        array = np.array([[number]], dtype=np.float32)
        records.append(record(name, [array], fingerprint=f"f-{name}", **settings))
    return records, fingerprints


def explained(
    records: Iterable[Observation], fingerprints: dict[str, Fingerprint], **settings: Any
) -> tuple[Explanation, ...]:
    """The explanations alone, of records that need no tables made before."""
    return explain(records, fingerprints, **settings).items
