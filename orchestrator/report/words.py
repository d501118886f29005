"""Texts that all formats share."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.escape import plain
from orchestrator.results.comparison import BY_PLATFORM, PLATFORM, Noun
from orchestrator.results.distance import Distance
from orchestrator.results.partitions import (
    NOT_RECORDED,
    ClassTable,
    Partition,
    PlatformInfo,
    Summary,
    TableCell,
    incomplete,
)
from orchestrator.results.table import partition_name
from orchestrator.system.counted import counted

DASH = "\N{EN DASH}"
"""The sign of a missing cell. A hyphen before the footnote's number would look like a minus."""
NOT_AVAILABLE = "n/a"
"""The sign of a cell that no output was to be expected of."""


def cell_text(cell: TableCell | None) -> str:
    """``3``, ``3*``; a dash and ``[1]`` if missing, ``n/a[1]`` if not available (footnote 1);
    empty if not planned."""
    if cell is None:
        return ""
    if cell.number is None:
        sign = DASH if cell.available else NOT_AVAILABLE
        return sign if cell.footnote is None else f"{sign}[{cell.footnote}]"
    return f"{cell.number}*" if cell.nondeterministic else str(cell.number)


LEGEND = (
    "Equal numbers in one column: bit-identical output. "
    "* the sessions of this platform disagree; it stands by its most frequent output. "
    f"{DASH} no output; the footnote says why."
)
STRICT_LEGEND = (
    "Equal numbers in one column: bit-identical output. "
    "* the sessions of this platform disagree; its class is the set of its outputs. "
    f"{DASH} no output; the footnote says why."
)
NOT_AVAILABLE_LEGEND = (
    f" {NOT_AVAILABLE} not available, so not missing; the footnote says what is not."
)
EMPTY_LEGEND = " Empty: not asked for."


def legend(summary: Summary) -> str:
    """How to read the class table; of signs that not every table has, those of this one."""
    text = STRICT_LEGEND if summary.strict else LEGEND
    cells = [cell for row in summary.table.rows for cell in row]
    if not all(cell is None or cell.available for cell in cells):
        text += NOT_AVAILABLE_LEGEND
    if None in cells:
        text += EMPTY_LEGEND
    return text.replace(PLATFORM.one, summary.noun.one)


def footnotes(table: ClassTable) -> Iterator[tuple[str, str]]:
    """The sign of each footnote, as cells have it, and its text."""
    unavailable = {c.footnote for row in table.rows for c in row if c and not c.available}
    for number, text in enumerate(table.footnotes, start=1):
        sign = NOT_AVAILABLE if number in unavailable else DASH
        yield f"{sign}[{number}]", text


def observations(summary: Summary) -> str:
    """``112 observations``, and how many sessions have none: these are rows with a reason."""
    text = counted(summary.observations, "observation")
    if summary.without_output:
        text += f", {counted(summary.without_output, 'session')} without output"
    return text


def compared(summary: Summary) -> str:
    """``, compared by on and threads``; nothing where platforms are compared."""
    if summary.compare == BY_PLATFORM:
        return ""
    *axes, last = summary.compare
    return f", compared by {', '.join(axes)} and {last}" if axes else f", compared by {last}"


def title(summary: Summary) -> str:
    """The names of the experiments, or a title for a store without any."""
    return ", ".join(summary.experiments) or "No observations"


def column_name(key: tuple[str, str, str, str]) -> str:
    """``workload · input · variant``, and the output where it is not the only one."""
    return partition_name(key)


def finding(partition: Partition, noun: Noun) -> str:
    """``3 classes, 10 of 23 bits remain, at most 2 ulp apart, …, 1 missing, 2 non-deterministic``,
    with how far the classes are apart where that was measured."""
    unrecorded = [one for one in partition.missing if one.status == NOT_RECORDED]
    if not partition.classes and not incomplete(partition) and unrecorded:
        return f"{NOT_RECORDED}: {plain('; '.join(sorted({one.reason for one in unrecorded})))}"
    if not partition.classes:
        parts = ["nothing observed"]
    elif partition.alone is not None:
        parts = [f"{only(partition, noun)}, nothing to compare"]
    else:
        parts = [counted(len(partition.classes), "class", "classes"), precision(partition)]
        if partition.apart is not None:
            parts += apart(partition.apart)
    if missing := len(partition.missing) - len(unrecorded):
        parts.append(f"{missing} missing")
    if unrecorded:
        parts.append(f"{len(unrecorded)} {NOT_RECORDED}")
    if partition.not_available:
        parts.append(f"{len(partition.not_available)} not available")
    if partition.nondeterministic:
        parts.append(f"{len(partition.nondeterministic)} non-deterministic")
    return ", ".join(parts)


def only(partition: Partition, noun: Noun) -> str:
    """``one platform only``, or ``one platform with an output`` where others have none."""
    return f"one {noun.one} {'with an output' if partition.missing else 'only'}"


def precision(partition: Partition) -> str:
    """``10 of 23 bits remain``, over the whole fleet; ``nothing to compare`` of one platform."""
    if partition.alone is not None:
        return "nothing to compare"
    if partition.remaining_precision is None:
        return "precision not defined"
    of = "" if partition.mantissa_bits is None else f" of {partition.mantissa_bits}"
    remain = "bit remains" if partition.remaining_precision == 1 and not of else "bits remain"
    return f"{partition.remaining_precision}{of} {remain}"


def apart(distance: Distance) -> list[str]:
    """``at most 2 ulp and 1.2e-07 (relative 3e-05) apart``, ``no label flips``, what is unknown."""
    return _apart(distance, "at most ", "up to ")


def how_far(distance: Distance) -> list[str]:
    """``12 of 23 bits remain``, ``2 ulp and 1.2e-07 (relative 3e-05) apart``, ``1 of 10 labels
    flips``, what is unknown."""
    parts = []
    if distance.bits is not None:
        parts.append(f"{distance.bits} of {distance.of_bits} bits remain")
    return parts + _apart(distance, "", "")


def _apart(distance: Distance, most: str, up_to: str) -> list[str]:
    parts = []
    numbers = [] if distance.largest_ulps is None else [f"{distance.largest_ulps} ulp"]
    if distance.largest_absolute is not None:
        numbers.append(f"{distance.largest_absolute:.3g}")
    relative = distance.largest_relative
    if numbers:
        of = "" if relative is None else f" (relative {relative:.3g})"
        parts.append(f"{most}{' and '.join(numbers)}{of} apart")
    if distance.unordered:
        parts.append(f"{up_to}{counted(distance.unordered, 'element')} with a NaN")
    if (flips := distance.flips) is not None:
        if flips.flipped:
            of = counted(flips.rows, "label")
            parts.append(f"{up_to}{flips.flipped} of {of} flip{'s' * (flips.flipped == 1)}")
        else:
            parts.append("no label flips")
    return [*parts, *distance.unknown]


_NAMED = 3
"""So many platforms of a member are named; more are counted."""


def hardware(info: PlatformInfo) -> str:
    """The processor in a few words, starting with ``emulated`` or the like if it is not real; of
    a member of several platforms their names."""
    if len(info.platforms) > _NAMED:
        return PLATFORM.counted(len(info.platforms))
    if len(info.platforms) > 1:
        return ", ".join(one.name for one in info.platforms)
    name = info.brand or info.microarchitecture or info.vendor or "unknown CPU"
    if info.emulated:
        name = f"emulated {info.emulated}"
    if info.presented:
        name = f"{info.silicon or 'this CPU'} presented as {info.presented}"
    if info.masked:
        name = f"masked to {info.masked}: {name}"
    if info.rehearsal:
        name = f"rehearsal, no real machine: {name}"
    if not info.fingerprint_known and not info.emulated:
        name = name if info.brand else name.replace("unknown CPU", "no fingerprint")
    return " + ".join((name, *info.gpus))


def kind(info: PlatformInfo) -> str:
    """What computed the outputs: ``hardware``, or ``rehearsal``, ``emulated``, ``presented``,
    ``masked`` (those that apply); ``unknown`` without a fingerprint. Of several platforms all.
    """
    if len(info.platforms) > 1:
        return ", ".join(dict.fromkeys(kind(one) for one in info.platforms))
    words = [
        word
        for word, applies in (
            ("rehearsal", info.rehearsal),
            ("emulated", info.emulated),
            ("presented", info.presented),
            ("masked", info.masked),
        )
        if applies
    ]
    return " ".join(words) or ("hardware" if info.fingerprint_known else "unknown")


def determinism(summary: Summary) -> str:
    """``2 of 40 cells varied between sessions …``."""
    found = summary.determinism
    if not found.judged:
        return (
            f"Determinism cannot be judged: none of {counted(found.cells, 'cell')} "
            "has more than one good session."
        )
    unjudged = found.cells - found.judged
    rest = f"; {counted(unjudged, 'more has', 'more have')} one session only" if unjudged else ""
    return (
        f"{len(found.variations)} of {counted(found.judged, 'cell')} with several sessions "
        f"varied between them{rest}."
    )
