"""The page's section on how far the outputs of classes are apart, and its figures."""

from __future__ import annotations

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
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.consequences import Bin, ClassPair, Consequences, UlpHistogram
from orchestrator.results.details import Details
from orchestrator.system.counted import counted

COMMAND = "eqc report STORE --show consequences"


def consequences_section(details: Details, noun: Noun = PLATFORM) -> Section:
    """Distances in ULPs, errors, labels and margins of the classes' outputs."""
    part = details.consequences
    apart = [one for one in part.items if one.pairs]
    alone = len(part.items) - len(apart)
    return section(
        "consequences",
        "Consequences",
        "What the differences amount to. Classes are defined by bits alone; small distances make "
        f"no two of them one. A class is represented by one output, since all its {noun.many} have "
        "the same.",
        [_block(number, one) for number, one in enumerate(apart, start=1)],
        command=COMMAND,
        notes=[
            part.absent,
            *part.notes,
            f"{counted(alone, 'computation')} with one class only: nothing to compare"
            if alone
            else None,
        ],
    )


def _block(number: int, found: Consequences) -> Block:
    key = (found.workload, found.input, found.variant, found.output)
    if found.flips is None:
        labels = "no labels to compare"
    elif found.flips:
        labels = f"{found.flips} of {counted(len(found.pairs), 'pair')} of classes flip a label"
    else:
        labels = "no label flips"
    figure = ulps_figure(found)
    lines = list(found.notes)
    if figure is not None and len(found.pairs) > PAIRS:
        lines.append(
            f"Drawn are the {PAIRS} pairs that are furthest apart of {len(found.pairs)}; the "
            "names in the legend switch them on and off."
        )
    label = "Histogram of distances in units in the last place; the same as a table below"
    grids = (_pairs(number, found), _margins(number, found), _histogram(number, found))
    return Block(
        f"{column_name(key)}: {labels}",
        tuple(lines),
        (Drawing(figure, label),) if figure else (),
        tuple(one for one in grids if not one.empty),
    )


def _pairs(number: int, found: Consequences) -> Grid:
    return grid(
        f"consequences-{number}",
        "Pairs of classes, those furthest apart first",
        (
            *("classes", "elements", "differing", "largest absolute error"),
            *("largest relative error", "largest distance in ULP", "flipped labels", "of"),
            "compared",
        ),
        (_pair(pair) for pair in furthest(found)),
        command=COMMAND,
    )


def _pair(pair: ClassPair) -> tuple[CellValue, ...]:
    compared = pair.elements > 0
    return (
        f"{pair.a} and {pair.b}",
        pair.elements if compared else None,
        pair.differing if compared else None,
        pair.largest_absolute,
        pair.largest_relative,
        pair.ulps.largest if pair.ulps else None,
        pair.flips.flipped if pair.flips else None,
        pair.flips.rows if pair.flips else None,
        pair.outcome.value,
    )


def _margins(number: int, found: Consequences) -> Grid:
    return grid(
        f"margins-{number}",
        "Margins: how far the largest value is above the second",
        ("class", "smallest margin", "rows", "rows with a NaN", "tensor"),
        (
            (f"{one.number}", one.smallest, one.rows, one.undefined, one.outcome.value)
            for one in found.margins
        ),
        command=COMMAND,
    )


def _histogram(number: int, found: Consequences) -> Grid:
    pairs = [(pair, pair.ulps) for pair in furthest(found) if pair.ulps is not None]
    longest = max((ulps.bins for _, ulps in pairs), key=len, default=())
    return grid(
        f"ulps-{number}",
        "Elements by distance in units in the last place",
        (
            *("classes", *(bin_label(one) for one in longest)),
            *("0 against -0", "NaN on one side", "same NaN"),
        ),
        (_counts(pair, ulps, len(longest)) for pair, ulps in pairs),
        command=COMMAND,
    )


def _counts(pair: ClassPair, ulps: UlpHistogram, bins: int) -> tuple[CellValue, ...]:
    counts = [one.count for one in ulps.bins] + [0] * (bins - len(ulps.bins))
    odd = (ulps.signed_zeros, ulps.unordered, ulps.equal_nans)
    return (f"{pair.a} and {pair.b}", *counts, *odd)


PAIRS = 8
"""How many pairs of classes are drawn, those furthest apart; the table lists more."""


def furthest(consequences: Consequences) -> list[ClassPair]:
    """All pairs, the largest distance first; those without a distance are last."""
    return sorted(consequences.pairs, key=lambda pair: (-_distance(pair), pair.a, pair.b))


def ulps_figure(consequences: Consequences) -> Figure | None:
    """A histogram of distances for each of the pairs that are furthest apart; ``None`` where no
    pair has one."""
    pairs = [pair for pair in furthest(consequences) if pair.ulps is not None][:PAIRS]
    bins = max((pair.ulps.bins for pair in pairs if pair.ulps), key=len, default=())
    if not bins:
        return None
    labels = [bin_label(one) for one in bins]
    return {
        "data": [
            {
                "type": "bar",
                "name": f"classes {pair.a} and {pair.b}",
                "x": labels,
                "y": [one.count for one in pair.ulps.bins]
                + [0] * (len(bins) - len(pair.ulps.bins)),
                "meta": row,
            }
            for row, pair in enumerate(pairs)
            if pair.ulps is not None
        ],
        "layout": {
            "height": 400,
            "barmode": "group",
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            "xaxis": {
                "title": {"text": "distance in units in the last place"},
                "type": "category",
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": "elements"},
                "rangemode": "tozero",
                "automargin": True,
            },
        },
    }


def bin_label(one: Bin) -> str:
    """``0``, ``1``, ``2 to 3``; from 1,024 on as powers of two."""
    if one.least == one.most:
        return str(one.least)
    if one.least < 1024:
        return f"{one.least} to {one.most}"
    power = one.least.bit_length() - 1
    return f"2^{power} to 2^{power + 1} - 1"


def _distance(pair: ClassPair) -> int:
    if pair.ulps is None:
        return -2
    return -1 if pair.ulps.largest is None else pair.ulps.largest
