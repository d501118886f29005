"""Layer by layer: classes and precision (Figure 5), effects and shares (Tables SUP-8, SUP-9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.analysis.tables.columns import COMPUTATION, counts
from orchestrator.results.partitions import NOT_RECORDED, LayerProfile
from orchestrator.results.table import Column, ColumnKind, Table, Value

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

NO_LAYERS = "No layer was observed: `observe: {layers: true}` in the experiment records them."
_LAYER = (*counts("index"), Column("layer"), Column("operation"))
_SHARES = tuple(
    Column(name, ColumnKind.MEASURE, "share") for name in ("deviating before", "deviating after")
)
_PRECISION = Column("remaining precision", ColumnKind.COUNT, "bits")


def layers_table(findings: Findings) -> Table:
    """Figure 5: classes and remaining precision of each layer; where platforms part and meet.

    Layers that no platform could record stand among the others, with the reason.
    """
    noun = findings.noun
    rows = tuple(row for profile in findings.summary.layers for row in _layers(profile))
    return Table(
        "layers",
        "Classes and remaining precision by layer (Figure 5)",
        (
            *COMPUTATION,
            *_LAYER,
            *counts(noun.many, "classes"),
            _PRECISION,
            Column("splits", ColumnKind.TRUTH),
            Column("merges", ColumnKind.TRUTH),
            Column(NOT_RECORDED),
        ),
        rows,
        (
            f"splits: {noun.many} together in the layer before part here; merges: the reverse.",
            *(
                f"{profile.workload} · {profile.input} · {profile.variant}: "
                + (
                    f"first parting at {profile.first_parting}"
                    if profile.first_parting
                    else f"one {noun.one} only, nothing to compare"
                    if profile.alone
                    else "one class"
                    if profile.rows
                    else "no layer could be recorded"
                )
                for profile in findings.summary.layers
            ),
        )
        if rows
        else (NO_LAYERS,),
    )


def _layers(profile: LayerProfile) -> Iterator[tuple[Value, ...]]:
    """The rows of ``profile``, by index."""
    key = (profile.workload, profile.input, profile.variant)
    found: list[tuple[Value, ...]] = []
    for row in profile.rows:
        about = (row.index, row.name, row.operation, row.platforms, row.classes)
        changes = (row.remaining_precision, row.splits, row.merges)
        found.append((*about, *changes, profile.why_not(row.index, row.name)))
    for one in profile.never_recorded:
        about = (one.index, one.name, one.operation, 0, 0)
        found.append((*about, None, None, None, profile.why_not(one.index, one.name)))
    # Sorting keeps the order of what has one index.
    found.sort(key=lambda row: int(str(row[0])))
    yield from ((*key, *row) for row in found)


def layer_details_table(findings: Findings) -> Table:
    """Each layer against the one before it: precision, and the share of deviating elements."""
    details = findings.layer_details
    return Table(
        "layer-details",
        "What each layer does to remaining precision and deviating elements",
        (
            *COMPUTATION,
            *_LAYER,
            *counts(findings.noun.many),
            Column("precision before", ColumnKind.COUNT, "bits"),
            Column("precision after", ColumnKind.COUNT, "bits"),
            Column("effect"),
            *_SHARES,
        ),
        tuple(
            (
                found.workload,
                found.input,
                found.variant,
                layer.index,
                layer.name,
                layer.operation,
                layer.platforms,
                layer.before,
                layer.after,
                layer.effect.value,
                layer.deviating_before,
                layer.deviating_after,
            )
            for found in details
            for layer in found.layers
        ),
        _tensor_notes(findings),
    )


def layer_effects_table(findings: Findings) -> Table:
    """Table SUP-9: how many activation layers raise, keep and lower precision."""
    effects = ("raises", "keeps", "lowers", "undefined")
    return Table(
        "layer-effects",
        "Activation layers that raise, keep and lower precision, averaged over the inputs "
        "(Table SUP-9)",
        (
            Column("workload"),
            Column("variant"),
            Column("operation"),
            *counts("inputs"),
            *(Column(name, ColumnKind.MEASURE) for name in effects),
        ),
        tuple(
            (
                found.workload,
                found.variant,
                found.operation,
                found.inputs,
                found.raises,
                found.keeps,
                found.lowers,
                found.undefined,
            )
            for found in findings.effect_counts
        ),
        () if findings.layer_details else (NO_LAYERS,),
    )


def layer_shares_table(findings: Findings) -> Table:
    """Table SUP-8: share of deviating elements before and after each activation layer."""
    return Table(
        "layer-shares",
        "Deviating elements before and after activation layers, averaged over the inputs "
        "(Table SUP-8)",
        (
            Column("workload"),
            Column("variant"),
            *_LAYER,
            *counts("inputs", "inputs left out"),
            *_SHARES,
        ),
        tuple(
            (
                found.workload,
                found.variant,
                found.index,
                found.name,
                found.operation,
                found.inputs,
                found.missing,
                found.before,
                found.after,
            )
            for found in findings.deviating_shares
        ),
        _tensor_notes(findings),
    )


def _tensor_notes(findings: Findings) -> tuple[str, ...]:
    if not findings.layer_details:
        return (NO_LAYERS,)
    return tuple(
        f"{found.workload} · {found.input} · {found.variant}: {found.missing_tensors} layer "
        "outputs that the shares need are not stored, so shares are left out: "
        "`observe: {layers: true, keep: all}` keeps them."
        for found in findings.layer_details
        if not found.complete
    )
