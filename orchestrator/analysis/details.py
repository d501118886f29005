"""What a page shows beside the classes: each part of the findings, or why there is none of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, GENERATION
from orchestrator.results.consequences import Consequences, Outcome
from orchestrator.results.details import CpuClass, Details, FlagRow, FlagTable, Item, Part
from orchestrator.results.layers import CoreCounts, LayerDetails, SizeRow
from orchestrator.system.counted import counted


def details(found: Findings) -> Details:
    """All parts; numbers of classes are those of ``found.summary``."""
    layers = _layers(found)
    shares = [share for share in found.deviating_shares if share.inputs]
    effects = found.effect_counts
    no_activation = "No activation (ReLU, sigmoid, tanh) is among the layers."
    return Details(
        explanations=found.explanations,
        flags=_flags(found),
        cpu_classes=_cpu_classes(found),
        layers=layers,
        effects=_part(effects, layers.absent or no_activation),
        shares=_part(shares, layers.absent or (_NO_LAYER_TENSORS if effects else no_activation)),
        core_counts=_core_counts(found),
        sizes=_sizes(found),
        consequences=_consequences(found),
        kernels=_part(found.kernels.uses, "No kernel was observed."),
    )


_NO_LAYER_TENSORS = (
    "No share of deviating elements: no layer's tensors were kept; set `observe: {keep: classes}`."
)


def _part(items: Iterable[Item], absent: str, notes: Iterable[str] = ()) -> Part[Item]:
    found = tuple(items)
    return Part(found, None if found else absent, tuple(notes))


def _flags(found: Findings) -> Part[FlagTable]:
    attributes, clusters = found.attributes, found.flag_clusters
    if not clusters.total:
        return Part(absent="No platform's CPU flags are known.")
    table = found.clusters_by_generation
    flags = attributes.flags()
    generations = attributes.frame[GENERATION].tolist()
    sizes = Counter("unknown" if name is None else name for name in generations)
    rows = (
        FlagRow(cluster, int(flags[cluster[0]].sum()), tuple(presence))
        for cluster, presence in zip(clusters.clusters, table.to_numpy().tolist(), strict=True)
    )
    groups = tuple((str(name), sizes[name]) for name in table.columns)
    return Part((FlagTable(groups, tuple(rows), clusters.common, attributes.undescribed),))


def _cpu_classes(found: Findings) -> Part[CpuClass]:
    frame = found.cpu_classes
    classes: dict[int, CpuClass] = {}
    columns = [frame[name].tolist() for name in ("extensions", CORE_BIN, "cpu class")]
    members: dict[int, list[str]] = {}
    unknown = 0
    for name, held, size, number in zip(frame.index.tolist(), *columns, strict=True):
        if number is None:
            unknown += 1
            continue
        members.setdefault(number, []).append(name)
        classes.setdefault(number, CpuClass(number, tuple(held.split()), size, ()))
    without = counted(unknown, "platform is", "platforms are")
    notes = [f"{without} in none: the number of CPUs is not known."] * bool(unknown)
    return _part(
        (
            CpuClass(one.number, one.extensions, one.core_bin, tuple(members[one.number]))
            for one in classes.values()
        ),
        "No platform's CPU flags and number of CPUs are known.",
        notes,
    )


def _layers(found: Findings) -> Part[LayerDetails]:
    notes = []
    if found.layers_cut_short:
        notes.append(
            f"Shares are missing where more than {_gib(found)} of tensors would "
            "have to be read: `eqc report STORE --show layer-details` reads all."
        )
    absent = "No layer was recorded: set `observe: {layers: true}`."
    return _part(found.layer_details, absent, notes)


def _core_counts(found: Findings) -> Part[CoreCounts]:
    # Masks make several machines of one: each stands for itself.
    masked = {info.name for info in found.summary.platforms if info.masked}
    unmasked = {name: place for name, place in found.points.items() if name not in masked}
    every = [*found.thread_counts(unmasked), *found.core_counts]
    return _part(
        (one for one in every if one.flows),
        "No generation of processors was observed with two numbers of CPUs, and `vary: threads` "
        "was not asked for.",
    )


def _sizes(found: Findings) -> Part[SizeRow]:
    rows = [row for row in found.sizes if row.classes]
    known = [row for row in rows if row.multiplications is not None]
    reasons = sorted({f"{row.note}" for row in rows if row.multiplications is None})
    notes = [f"{len(rows) - len(known)} computations are left out: {'; '.join(reasons)}."]
    return _part(
        known, "No record says how many multiplications there are.", notes if reasons else ()
    )


def _consequences(found: Findings) -> Part[Consequences]:
    kept = "No final tensors were kept: set `observe: {keep: final}`."
    if found.tensors is None:
        return Part(absent=kept)
    partitions, compared = found.summary.partitions, found.consequences
    observed = sum(1 for partition in partitions if partition.classes)
    unread = sum(1 for partition in partitions[len(compared) :] if partition.classes)
    shown = [
        one for one in compared if any(m.outcome is not Outcome.NO_TENSOR for m in one.margins)
    ]
    if unread:
        note = (
            f"{unread} computations are left out, since more than "
            f"{_gib(found)} of tensors would have to be read: "
            "`eqc report STORE --show consequences` reads all."
        )
        return _part(shown, note, [note] if shown else ())
    notes = [f"{observed - len(shown)} computations have no stored tensor."]
    return _part(
        shown,
        kept if observed else "Nothing was observed.",
        notes if 0 < len(shown) < observed else (),
    )


def _gib(found: Findings) -> str:
    return f"{found.bounds.tensor_bytes / 2**30:.0f} GiB"
