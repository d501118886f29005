"""Observations for which every analysis of the page has a result."""

from __future__ import annotations

from typing import Any

import numpy as np

from orchestrator.analysis.classes.consequences import Tensor
from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.members import regrouped
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.kernels import KernelRecord, Kernels
from orchestrator.results.record import ModelRecord, Observation, VariantRecord
from tests.unit.analysis.explain.described import fingerprint
from tests.unit.analysis.records import A, B, C, output, record

X = np.linspace(1, 2, 8, dtype=np.float32).reshape(1, 8)
Y = np.nextafter(X, np.float32(4), dtype=np.float32)
KERNELS = Kernels(
    (KernelRecord("gemm_api", "_FusedConv2D", "8x8:8x8", "conv", "onednn", 2),), False
)
OLD, NEW = {"fpu", "sse2"}, {"fpu", "sse2", "avx", "fma"}


def everything(extra: str = "new large") -> Findings:
    """Two generations with 2 and 4 cores, two inputs, layers and tensors.

    ``extra`` is the name of one platform.
    """
    machines: dict[str, tuple[np.ndarray, np.ndarray, set[str], int, int]] = {
        "old small": (A, X, OLD, 2, 42),
        "old large": (B, X, OLD, 4, 42),
        "new small": (C, Y, NEW, 2, 85),
        extra: (B, Y, NEW, 4, 85),
    }
    stored: dict[str, Tensor] = {}
    records: list[Observation] = []
    fingerprints: dict[str, Fingerprint] = {}
    for number, (name, (final, layer, flags, cores, model)) in enumerate(machines.items()):
        digest = f"{number:064x}"
        fingerprints[digest] = fingerprint(flags, cores, family=6, model=model, stepping=7)
        # All platforms agree in the last layer, for which no tensor is needed.
        outputs = [
            kept(stored, final),
            {**kept(stored, layer, "conv", 0), "operation": "conv2d"},
            {**kept(stored, np.maximum(layer, 1.5), "relu", 1), "operation": "relu"},
        ]
        records += [
            record(name, outputs, given=given, fingerprint=digest)._replace(
                model=ModelRecord(multiplications=1000), kernels=KERNELS
            )
            for given in ("digits:0", "digits:1")
        ]
    return Findings(records, fingerprints, tensors=stored.get)


def of_members() -> Findings:
    """The same with a second framework, which one platform has not, compared by framework."""
    found = everything()
    swapped = [*found.records[2:], *found.records[:2]]
    rows = [
        one._replace(
            cell=f"{one.cell} {name}",
            variant=VariantRecord(name, f"{name} float32", framework=name, precision="float32"),
            outputs=outputs,
        )
        for name, records in (("numpy", found.records), ("torch", swapped))
        for one, outputs in zip(found.records, (record.outputs for record in records), strict=True)
        if (name, one.platform.name) != ("torch", "new large")
    ]
    grouped = regrouped(rows, ("on",))
    return Findings(grouped, found.fingerprints, tensors=found.tensors, compare=("on",))


def kept(
    stored: dict[str, Tensor], array: np.ndarray, name: str = "output", index: int = 0
) -> dict[str, Any]:
    """An output whose tensor is added to ``stored``."""
    made = output(array, name, index)
    stored[made["digest"]] = (array.dtype.name, array.shape, array)
    return made
