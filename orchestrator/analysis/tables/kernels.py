"""Which kernel computed each operator, and by which algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.analysis.tables.columns import COMPUTATION, counts
from orchestrator.catalog.kernels import UNCLASSIFIED
from orchestrator.results.kernels import KernelUses
from orchestrator.results.table import Column, Table
from orchestrator.system.counted import counted

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

NO_KERNELS = "No kernel was observed: `observe: {kernels: true}` in the experiment records them."


def kernels_table(findings: Findings) -> Table:
    """Every kernel of every platform, in the order of the layers."""
    found = findings.kernels
    return Table(
        "kernels",
        "Which kernel computed each operator",
        (
            *COMPUTATION,
            Column(findings.noun.one),
            Column("layer"),
            Column("operation"),
            Column("kernel"),
            Column("algorithm"),
            Column("sizes"),
            *counts("calls", "sessions", "of sessions"),
            Column("told by"),
        ),
        tuple(
            (
                use.workload,
                use.input,
                use.variant,
                use.platform,
                use.kernel.layer,
                use.kernel.operation,
                use.kernel.kernel,
                use.kind or UNCLASSIFIED,
                use.kernel.sizes,
                use.kernel.calls,
                use.sessions,
                use.of_sessions,
                use.kernel.source,
            )
            for use in found.uses
        ),
        tuple(_notes(found)) if found.asked else (NO_KERNELS,),
    )


def _notes(found: KernelUses) -> Iterator[str]:
    yield (
        f"{counted(found.asked, 'session')}, each observed in a process of its own; "
        + (
            f"{found.perturbed} of these gave other final outputs, and its kernels may be others, "
            "too."
            if found.perturbed
            else "none of these gave other final outputs."
        )
    )
    for reason, sessions in found.untold:
        yield f"{counted(sessions, 'session')}: {reason}"
