"""The look of every figure for print, and the bytes of its file.

Colours are Okabe and Ito's, which people with any colour vision can distinguish. Each has its own
dashes and marker, so that a figure is readable in black and white. Text is stored as text. Nothing
depends on the time, the user's settings or a random number: with the same matplotlib, the same data
gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font

from orchestrator.report.escape import plain
from orchestrator.report.print_figures.figure import StaticFigure

FORMATS = ("svg", "pdf", "png")
WIDTH = 5.5
"""Inches: the width of the text in the study's journal."""
GREY = "#666666"
PALE = "#dddddd"
RED = "#8b0000"
_FONT = "DejaVu Sans"
"""Comes with matplotlib, so it is the same everywhere."""
_COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5c00")
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (6, 1.5, 1.5, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 2)),
    (0, (2.5, 2.5)),
    (0, (6, 1, 1, 1, 1, 1)),
)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLES = len(_COLOURS)
"""Number of lines that can be distinguished in one figure."""
_SHORT = 36
"""Characters of a label where a legend has two columns."""
_SETTINGS: dict[str, Any] = {
    # The second is for readers of an SVG who lack the first.
    "font.family": [_FONT, "sans-serif"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 3.4,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "savefig.dpi": 200,
    # Names come from outside: a "$" in one is a dollar, not the start of a formula.
    "text.parse_math": False,
    "text.usetex": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "eqc",
    "pdf.fonttype": 42,
}
T = TypeVar("T")


def rendered(figure: StaticFigure, kind: str) -> bytes:
    """The file of a figure; ``kind`` is one of ``FORMATS``."""
    with _look():
        file = io.BytesIO()
        figure.draw().savefig(file, format=kind, metadata=_metadata(figure, kind))
        return file.getvalue()


def page(height: float, panels: int = 1, **settings: Any) -> tuple[Figure, list[Axes]]:
    """An empty figure of ``height`` inches with ``panels`` below each other."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(panels, 1, squeeze=False, **settings)
    return figure, [row[0] for row in axes]


def style(position: int, *, marker: bool = True) -> dict[str, Any]:
    """Colour, dashes and marker of line ``position``; they repeat after ``STYLES``."""
    place = position % STYLES
    shape = {"marker": _MARKERS[place]} if marker else {}
    return {"color": _COLOURS[place], "linestyle": _DASHES[place], **shape}


def shown(text: str, longest: int = 60) -> str:
    """A name for drawing: one line of at most ``longest`` characters, shortened in the middle,
    without characters that the font lacks."""
    known = _signs()
    safe = "".join(
        sign if ord(sign) in known else sign.encode("unicode_escape").decode("ascii")
        for sign in plain(text)
    )
    if len(safe) <= longest:
        return safe
    kept = longest - 1
    return f"{safe[: kept - kept // 2]}…{safe[len(safe) - kept // 2 :]}"


def legend(
    place: Axes | Figure, labels: Sequence[str], handles: Sequence[Any], **settings: Any
) -> None:
    """Draw a legend in one or two columns, as the labels fit.

    Texts are set after drawing, since matplotlib leaves out labels that begin with ``_``.
    """
    columns = 2 if all(len(label) <= _SHORT for label in labels) else 1
    drawn = place.legend(
        handles=handles,
        labels=[str(row) for row in range(len(labels))],
        ncols=columns,
        **settings,
    )
    for text, label in zip(drawn.get_texts(), labels, strict=True):
        text.set_text(shown(label))


def ticks(bits: int) -> list[int]:
    """Positions of ticks on a precision axis: even steps, and the last bit."""
    step = 1 if bits <= 7 else 2 if bits <= 12 else 5 if bits <= 30 else 10
    steps = [place for place in range(0, bits, step) if bits - place > step / 2]
    return [*steps, bits]


def chunks(items: Sequence[T], size: int = STYLES) -> Iterator[tuple[T, ...]]:
    """``items`` in groups of at most ``size``, by default as many as one figure can distinguish."""
    rest = iter(items)
    while group := tuple(islice(rest, size)):
        yield group


@contextmanager
def _look() -> Iterator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()
        for name, value in _SETTINGS.items():
            mpl.rcParams[name] = value  # type: ignore[index]
        yield


@cache
def _signs() -> frozenset[int]:
    return frozenset(FT2Font(findfont(_FONT)).get_charmap())


def _metadata(figure: StaticFigure, kind: str) -> dict[str, Any]:
    title = shown(figure.title, 500)
    if kind == "svg":
        return {"Title": title, "Date": None}
    if kind == "pdf":
        return {"Title": title, "CreationDate": None}
    return {"Title": title.encode("latin-1", "replace").decode("latin-1")}
