"""The page's section of layers: classes, precision, and the effect of each layer on them."""

from __future__ import annotations

from orchestrator.report.escape import figure
from orchestrator.report.html.dendrograms import tick
from orchestrator.report.html.parts import (
    Block,
    CellValue,
    Drawing,
    Figure,
    Grid,
    Section,
    grid,
    section,
)
from orchestrator.report.words import column_name
from orchestrator.results.comparison import Noun
from orchestrator.results.details import Details
from orchestrator.results.layers import LayerDetail, LayerDetails
from orchestrator.results.partitions import NOT_RECORDED, LayerProfile, Summary
from orchestrator.system.counted import counted

COMMAND = "eqc report STORE --show layer-details"


def layers_section(summary: Summary, details: Details | None) -> Section:
    """One profile for each computation that recorded its layers, then averages."""
    noun = summary.noun
    known = {(one.workload, one.input, one.variant): one for one in _details(details)}
    blocks = [
        _block(row, profile, known.get(profile.key), noun)
        for row, profile in enumerate(summary.layers)
    ]
    notes: list[str | None] = []
    averages: list[Block] = []
    if details is None:
        if not blocks:
            notes.append("No layer was recorded: set `observe: {layers: true}`.")
    else:
        notes += [details.layers.absent, *details.layers.notes]
        averages = [*_kernels(details, noun), *_averages(details)]
        if blocks and details.shares.absent:
            notes.append(details.shares.absent)
    return section(
        "layers",
        "Layers",
        f"Classes and remaining precision after each layer. A layer splits where {noun.many} that "
        f"agreed before it part, and merges where {noun.many} that differed before it are "
        "bit-identical again. It raises, keeps or lowers precision against the layer before; the "
        "deviating share counts elements that are not bit-identical everywhere.",
        [*averages, *blocks],
        command=COMMAND,
        notes=notes,
        opened=len(averages) + 1,
    )


def _kernels(details: Details, noun: Noun) -> list[Block]:
    """What computed the convolutions and products, where kernels were observed."""
    known = [use for use in details.kernels.items if use.kind is not None]
    if not known:
        return []
    rows = [
        (
            column_name((use.workload, use.input, use.variant, "output")),
            use.platform,
            use.kernel.layer,
            use.kernel.kernel,
            use.kind,
            use.kernel.sizes,
            use.kernel.calls,
            f"{use.sessions} of {use.of_sessions}",
        )
        for use in known
    ]
    heads = ("computation", noun.one, "layer", "kernel", "algorithm", "sizes", "calls", "sessions")
    title = "Kernels whose name tells the algorithm, observed beside the sessions"
    table = grid("kernels", title, heads, rows, command="eqc report STORE --show kernels")
    return [Block("Kernels of convolutions and products", grids=(table,))]


def _details(details: Details | None) -> tuple[LayerDetails, ...]:
    return details.layers.items if details else ()


def _block(number: int, profile: LayerProfile, found: LayerDetails | None, noun: Noun) -> Block:
    name = column_name((*profile.key, "output"))
    if profile.alone:
        what = f"one {noun.one} only, nothing to compare"
    elif profile.first_parting is None:
        what = f"all {noun.many} agree in all of {counted(len(profile.rows), 'layer')}"
    else:
        what = f"{noun.many} first part at {profile.first_parting}"
    label = "Classes and remaining precision by layer; the same as a table below"
    drawings = [Drawing(layers_figure(profile), label)]
    if not profile.rows:
        drawings, what = [], "no layer could be recorded"
    shares = shares_figure(found) if found else None
    if shares is not None:
        drawings.append(Drawing(shares, "Deviating share by layer; the same as a table below"))
    lines: tuple[str, ...] = ()
    if found is not None and not found.complete:
        lines = (f"{found.missing_tensors} layer outputs have no tensor: their share is unknown.",)
    if profile.unrecorded:
        layers = len({(one.index, one.name) for one in profile.unrecorded})
        lines += (f"{counted(layers, 'layer')} could not be recorded: the table says why.",)
    return Block(f"{name}: {what}", lines, tuple(drawings), (_grid(number, profile, found, noun),))


def _grid(number: int, profile: LayerProfile, found: LayerDetails | None, noun: Noun) -> Grid:
    by_index = {(layer.index, layer.name): layer for layer in found.layers} if found else {}
    rows: list[tuple[CellValue, ...]] = []
    for row in profile.rows:
        change = " and ".join(
            word for word, applies in (("splits", row.splits), ("merges", row.merges)) if applies
        )
        own = by_index.get((row.index, row.name))
        rows.append(
            (
                row.name,
                row.index,
                row.operation,
                row.platforms,
                row.classes,
                row.remaining_precision,
                change,
                *_effect(own),
                profile.why_not(row.index, row.name),
            )
        )
    for layer in profile.never_recorded:
        nothing = (None,) * 4
        about = (layer.name, layer.index, layer.operation, 0, 0)
        rows.append((*about, None, *nothing, profile.why_not(layer.index, layer.name)))
    rows.sort(key=lambda row: int(str(row[1])))
    return grid(
        f"layers-{number + 1}",
        "Layers as a table",
        (
            "layer",
            "index",
            "operation",
            noun.many,
            "classes",
            "bits that remain",
            "change",
            "precision",
            "deviating before",
            "deviating after",
            NOT_RECORDED,
        ),
        rows,
        command=COMMAND,
    )


def _effect(layer: LayerDetail | None) -> tuple[CellValue, ...]:
    if layer is None:
        return None, None, None
    return layer.effect.value, percent(layer.deviating_before), percent(layer.deviating_after)


def percent(share: float | None) -> str | None:
    """``12.5 %``."""
    return None if share is None else f"{100 * share:.3g} %"


def _averages(details: Details) -> list[Block]:
    blocks = []
    if details.effects.items:
        columns = ("workload", "variant", "operation", "inputs")
        effects = grid(
            "layer-effects",
            "Activations by what they do to precision: layers, averaged over the inputs",
            (*columns, "raise", "keep", "lower", "undefined"),
            (
                (
                    e.workload,
                    e.variant,
                    e.operation,
                    e.inputs,
                    e.raises,
                    e.keeps,
                    e.lowers,
                    e.undefined,
                )
                for e in details.effects.items
            ),
            command=COMMAND,
        )
        blocks.append(
            Block("Activations: how many raise, keep or lower precision", grids=(effects,))
        )
    if details.shares.items:
        shares = grid(
            "deviating-shares",
            "Share of deviating elements before and after each activation, over the inputs",
            ("layer", "index", "operation", "workload", "variant", "inputs", "before", "after"),
            (
                (
                    s.name,
                    s.index,
                    s.operation,
                    s.workload,
                    s.variant,
                    s.inputs,
                    percent(s.before),
                    percent(s.after),
                )
                for s in details.shares.items
            ),
            command=COMMAND,
        )
        blocks.append(Block("Activations: deviating elements before and after", grids=(shares,)))
    return blocks


def layers_figure(profile: LayerProfile) -> Figure:
    """Classes (bars) and remaining precision (line) by layer."""
    rows = profile.rows
    bits = max((row.remaining_precision or 0 for row in rows), default=0) or 1
    most = max((row.classes for row in rows), default=1)
    names = [f"{row.index} {figure(row.name)}" for row in rows]
    return {
        "data": [
            {
                "type": "bar",
                "name": "classes",
                "x": names,
                "y": [row.classes for row in rows],
                "opacity": 0.55,
                "meta": 0,
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "bits that remain",
                "x": names,
                "y": [row.remaining_precision for row in rows],
                "yaxis": "y2",
                "meta": 1,
            },
        ],
        "layout": {
            "height": 420,
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            "xaxis": {"automargin": True, "tickangle": -60, "type": "category"},
            "yaxis": {
                "title": {"text": "classes"},
                "rangemode": "tozero",
                "dtick": max(1, -(-most // 10)),
            },
            "yaxis2": {
                "title": {"text": "bits that remain"},
                "overlaying": "y",
                "side": "right",
                "range": [0, bits * 1.05],
                "dtick": tick(bits),
                "showgrid": False,
                "automargin": True,
            },
        },
    }


def shares_figure(details: LayerDetails) -> Figure | None:
    """Share of deviating elements after each layer; ``None`` where no share is known."""
    known = [layer for layer in details.layers if layer.deviating_after is not None]
    if not known:
        return None
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "connectgaps": False,
                "x": [f"{layer.index} {figure(layer.name)}" for layer in details.layers],
                "y": [
                    None if layer.deviating_after is None else 100 * layer.deviating_after
                    for layer in details.layers
                ],
                "meta": 3,
            }
        ],
        "layout": {
            "height": 340,
            "xaxis": {"automargin": True, "tickangle": -60, "type": "category"},
            "yaxis": {
                "title": {"text": "elements that deviate, %"},
                "range": [0, 105],
                "automargin": True,
            },
        },
    }
