"""Every analysis that a page shows beside the classes, within bounds of time and memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.analysis.classes.consequences import BudgetedTensors, Tensors, consequences_of
from orchestrator.analysis.explain.bounded import bounded_explanations
from orchestrator.analysis.explain.explain import Limits
from orchestrator.analysis.findings import Findings
from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, GENERATION
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.analysis.hardware.core_counts import (
    core_counts,
    thread_counts,
    threads_of_records,
)
from orchestrator.analysis.hardware.cpu_classes import cpu_classes
from orchestrator.analysis.hardware.flag_clusters import cluster_table, flag_clusters
from orchestrator.analysis.layers.details import deviating_shares, effect_counts, layer_details
from orchestrator.analysis.layers.model_size import by_multiplications, multiplications_of
from orchestrator.analysis.observations.columns import Observations
from orchestrator.results.consequences import Consequences, Outcome
from orchestrator.results.details import CpuClass, Details, FlagRow, FlagTable, Item, Part
from orchestrator.results.layers import CoreCounts, LayerDetails, SizeRow
from orchestrator.results.partitions import Partition


@dataclass(frozen=True)
class Bounds:
    """Where the work for a page ends; the parts say what they left out."""

    explanations: int = 12
    sets: int = 10
    """Minimal sets in each explanation."""
    search: float = 5.0
    """Seconds for one search of minimal sets."""
    seconds: float = 20.0
    """For all explanations together; the last one begun is finished."""
    tensor_bytes: int = 2**30
    """Read for the layers, and as much again for the final outputs."""


def details(found: Findings, bounds: Bounds = Bounds()) -> Details:
    """All parts; numbers of classes are those of ``found.summary``."""
    layers = _layers(found.observations, found.tensors, bounds.tensor_bytes)
    shares = [share for share in deviating_shares(layers.items) if share.inputs]
    effects = effect_counts(layers.items)
    no_activation = "No activation (ReLU, sigmoid, tanh) is among the layers."
    return Details(
        explanations=bounded_explanations(
            found.summary,
            found.observations,
            found.records,
            found.fingerprints,
            limits=Limits(bounds.sets, bounds.search),
            most=bounds.explanations,
            seconds=bounds.seconds,
        ),
        flags=_flags(found.attributes),
        cpu_classes=_cpu_classes(found.attributes),
        layers=layers,
        effects=_part(effects, layers.absent or no_activation),
        shares=_part(shares, layers.absent or (_NO_LAYER_TENSORS if effects else no_activation)),
        core_counts=_collapses(found),
        sizes=_sizes(found),
        consequences=_consequences(found.summary.partitions, found.tensors, bounds.tensor_bytes),
    )


_NO_LAYER_TENSORS = (
    "No share of deviating elements: no layer's tensors were kept; set `observe: {keep: classes}`."
)


def _part(items: Iterable[Item], absent: str, notes: Iterable[str] = ()) -> Part[Item]:
    found = tuple(items)
    return Part(found, None if found else absent, tuple(notes))


def _flags(attributes: AttributeTable) -> Part[FlagTable]:
    clusters = flag_clusters(attributes)
    if not clusters.total:
        return Part(absent="No platform's CPU flags are known.")
    table = cluster_table(attributes, clusters)
    flags = attributes.flags()
    generations = attributes.frame[GENERATION].tolist()
    sizes = Counter("unknown" if name is None else name for name in generations)
    rows = (
        FlagRow(cluster, int(flags[cluster[0]].sum()), tuple(presence))
        for cluster, presence in zip(clusters.clusters, table.to_numpy().tolist(), strict=True)
    )
    groups = tuple((str(name), sizes[name]) for name in table.columns)
    return Part((FlagTable(groups, tuple(rows), clusters.common, attributes.undescribed),))


def _cpu_classes(attributes: AttributeTable) -> Part[CpuClass]:
    frame = cpu_classes(attributes)
    found: dict[int, CpuClass] = {}
    columns = [frame[name].tolist() for name in ("extensions", CORE_BIN, "cpu class")]
    members: dict[int, list[str]] = {}
    unknown = 0
    for name, held, size, number in zip(frame.index.tolist(), *columns, strict=True):
        if number is None:
            unknown += 1
            continue
        members.setdefault(number, []).append(name)
        found.setdefault(number, CpuClass(number, tuple(held.split()), size, ()))
    notes = [f"{unknown} platforms whose number of CPUs is not known are in none."] * bool(unknown)
    return _part(
        (
            CpuClass(one.number, one.extensions, one.core_bin, tuple(members[one.number]))
            for one in found.values()
        ),
        "No platform's CPU flags and number of CPUs are known.",
        notes,
    )


def _layers(
    observations: Observations, tensors: Tensors | None, tensor_bytes: int
) -> Part[LayerDetails]:
    budget = BudgetedTensors(tensors, tensor_bytes) if tensors else None
    found = layer_details(observations, budget)
    notes = []
    if budget is not None and budget.exhausted:
        notes.append(
            f"Shares are missing where more than {tensor_bytes / 2**30:.0f} GiB of tensors would "
            "have to be read: `eqc report STORE --show layer-details` reads all."
        )
    return _part(found, "No layer was recorded: set `observe: {layers: true}`.", notes)


def _collapses(found: Findings) -> Part[CoreCounts]:
    # Masks make several machines of one: each stands for itself.
    masked = {info.name for info in found.summary.platforms if info.masked}
    unmasked = {name: place for name, place in found.points.items() if name not in masked}
    partitions = found.summary.partitions
    every = [
        *thread_counts(partitions, threads_of_records(found.records), unmasked),
        *(core_counts(partition, found.points) for partition in partitions if partition.classes),
    ]
    return _part(
        (one for one in every if one.flows),
        "No generation of processors was observed with two numbers of CPUs, and `vary: threads` "
        "was not asked for.",
    )


def _sizes(found: Findings) -> Part[SizeRow]:
    rows = by_multiplications(
        [partition for partition in found.summary.partitions if partition.classes],
        multiplications_of(found.records),
    )
    known = [row for row in rows if row.multiplications is not None]
    reasons = sorted({f"{row.note}" for row in rows if row.multiplications is None})
    notes = [f"{len(rows) - len(known)} computations are left out: {'; '.join(reasons)}."]
    return _part(
        known, "No record says how many multiplications there are.", notes if reasons else ()
    )


def _consequences(
    partitions: Iterable[Partition], tensors: Tensors | None, tensor_bytes: int
) -> Part[Consequences]:
    kept = "No final tensors were kept: set `observe: {keep: final}`."
    if tensors is None:
        return Part(absent=kept)
    budget = BudgetedTensors(tensors, tensor_bytes)
    found: list[Consequences] = []
    notes: list[str] = []
    observed = [partition for partition in partitions if partition.classes]
    for done, partition in enumerate(observed):
        one = consequences_of(partition, budget)
        if budget.exhausted:
            notes.append(
                f"{len(observed) - done} computations are left out, since more than "
                f"{tensor_bytes / 2**30:.0f} GiB of tensors would have to be read: "
                "`eqc report STORE --show consequences` reads all."
            )
            break
        if any(margin.outcome is not Outcome.NO_TENSOR for margin in one.margins):
            found.append(one)
    if not notes and len(found) < len(observed):
        notes.append(f"{len(observed) - len(found)} computations have no stored tensor.")
    absent = kept if observed else "Nothing was observed."
    if budget.exhausted:
        absent = notes[0]
    return _part(found, absent, notes if found else ())
