"""Texts that all formats share."""

from __future__ import annotations

from orchestrator.report.escape import plain
from orchestrator.results.comparison import BY_PLATFORM, PLATFORM, Noun
from orchestrator.results.distance import Distance
from orchestrator.results.partitions import (
    NOT_RECORDED,
    Partition,
    PlatformInfo,
    Summary,
    TableCell,
    incomplete,
)
from orchestrator.results.table import partition_name

DASH = "\N{EN DASH}"
"""The sign of a missing cell. A hyphen before the footnote's number would look like a minus."""


def cell_text(cell: TableCell | None) -> str:
    """``3``, ``3*``; a dash and ``[1]`` if missing (footnote 1); empty if not planned."""
    if cell is None:
        return ""
    if cell.number is None:
        return DASH if cell.footnote is None else f"{DASH}[{cell.footnote}]"
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


def legend(summary: Summary) -> str:
    """How to read the class table."""
    text = STRICT_LEGEND if summary.strict else LEGEND
    return text.replace(PLATFORM.one, summary.noun.one)


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
    return f"{partition.remaining_precision}{of} bits remain"


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


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 class``, ``2 classes``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


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
    if info.masked:
        name = f"masked to {info.masked}: {name}"
    if info.rehearsal:
        name = f"rehearsal, no real machine: {name}"
    if not info.fingerprint_known and not info.emulated:
        name = name if info.brand else name.replace("unknown CPU", "no fingerprint")
    return " + ".join((name, *info.gpus))


def kind(info: PlatformInfo) -> str:
    """What computed the outputs: ``hardware``, or ``rehearsal``, ``emulated``, ``masked`` (those
    that apply); ``unknown`` without a fingerprint. Of several platforms all of it."""
    if len(info.platforms) > 1:
        return ", ".join(dict.fromkeys(kind(one) for one in info.platforms))
    words = [
        word
        for word, applies in (
            ("rehearsal", info.rehearsal),
            ("emulated", info.emulated),
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
    rest = f"; {unjudged} more have one session only" if unjudged else ""
    return (
        f"{len(found.variations)} of {counted(found.judged, 'cell')} with several sessions "
        f"varied between them{rest}."
    )
