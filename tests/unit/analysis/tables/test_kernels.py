from __future__ import annotations

from typing import Any

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.tables.kernels import NO_KERNELS, kernels_table
from orchestrator.results.record import Observation
from orchestrator.store.parse import parse_observation
from tests.unit.analysis.records import A, line
from tests.unit.analysis.tables.machines import fleet, rows

EIGEN = {
    "layer": "conv2d",
    "operation": "_FusedConv2D",
    "kernel": "gemm_api",
    "sizes": "192x288:288x48",
    "source": "onednn",
    "calls": 2,
}
TANH = {**EIGEN, "layer": "activation", "operation": "Tanh", "kernel": "Tanh", "sizes": None}


def observed(
    platform: str, kernels: dict[str, Any] | None, session: int = 0, **more: Any
) -> Observation:
    return parse_observation(line(platform, [A], session=session, **more) | {"kernels": kernels})


def told(*given: dict[str, Any], reason: str | None = None, perturbed: bool = False) -> Any:
    return {"perturbed": perturbed, "reason": reason, "rows": list(given)}


def test_every_kernel_with_its_algorithm_sizes_and_sessions() -> None:
    other = EIGEN | {"sizes": "128x288:288x48"}
    found = Findings(
        [
            observed("p", told(EIGEN, TANH)),
            observed("p", told(EIGEN), 1),
            observed("q", told(other, perturbed=True, reason="one more is not recorded")),
            observed("r", None),
        ],
        {},
    )
    table = kernels_table(found)
    shown = (
        "platform",
        "layer",
        "kernel",
        "algorithm",
        "sizes",
        "calls",
        "sessions",
        "of sessions",
    )
    assert [tuple(row[name] for name in shown) for row in rows(table)] == [
        ("p", "conv2d", "gemm_api", "GEMM", "192x288:288x48", 2, 2, 2),
        ("p", "activation", "Tanh", "unclassified", None, 2, 1, 2),
        ("q", "conv2d", "gemm_api", "GEMM", "128x288:288x48", 2, 1, 1),
    ]
    assert table.notes == (
        (
            "3 sessions, each observed in a process of its own; 1 of these gave other final "
            "outputs, and its kernels may be others, too."
        ),
        "1 session: one more is not recorded",
    )


def test_without_kernels_the_table_says_how_to_have_them() -> None:
    assert (kernels_table(fleet()).rows, kernels_table(fleet()).notes) == ((), (NO_KERNELS,))
