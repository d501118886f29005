"""A difference as plain text: the changes first, all that is the same in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.report.escape import plain
from orchestrator.report.formats import Format
from orchestrator.report.parting_words import BEFORE_AND_AFTER, parting_sentence
from orchestrator.report.words import column_name, how_far
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.difference import (
    Change,
    ClassChange,
    ClassSide,
    Difference,
    Moved,
    PartitionDifference,
)
from orchestrator.system.counted import counted

if TYPE_CHECKING:
    from orchestrator.results.record import SoftwareRecord

SHOWN = 8
"""Platforms listed by name before "and N more"; JSON has them all."""


def difference_text(difference: Difference) -> str:
    """A summary line, one paragraph per partition that is not the same, and the platforms."""
    return "\n".join(_lines(difference)) + "\n"


def partition_lines(partition: PartitionDifference) -> Iterator[str]:
    """The lines on one partition, without its name; none if it is the same."""
    for change in partition.changes:
        yield _change(change)
    for one in partition.moved:
        yield _moved(one)
        if one.parting is not None:
            yield plain(f"down the model: {parting_sentence(one.parting, BEFORE_AND_AFTER)}")
    if partition.newly_nondeterministic:
        yield f"newly non-deterministic: {_names(partition.newly_nondeterministic)}"
    if partition.no_longer_nondeterministic:
        yield (
            "no longer non-deterministic in these sessions: "
            f"{_names(partition.no_longer_nondeterministic)}"
        )
    yield from missing_lines(partition)
    if partition.newly_recorded:
        yield f"recorded now, not in the baseline: {_names(partition.newly_recorded)}"
    if new := tuple(name for name in partition.new if name not in partition.newly_recorded):
        yield f"new: {_names(new)}"


def missing_lines(partition: PartitionDifference) -> Iterator[str]:
    """One line per platform without a class now, which says whether it had one."""
    for absent in partition.missing:
        head = "still missing" if absent.expected else "missing"
        if absent.platform in partition.newly_unrecorded:
            head = "no longer recorded"
        yield f"{head}: {plain(absent.platform)} ({plain(f'{absent.status}: {absent.reason}')})"


def name(partition: PartitionDifference) -> str:
    """What was compared; both names where an axis was ignored and they differ."""
    names = [partition.key] if partition.current is None else [partition.key, partition.current]
    return " → ".join(column_name(key) for key in names)


def software_lines(difference: Difference) -> Iterator[str]:
    """One line on the software of both sides; none where nothing was computed."""
    before, after = difference.software
    if not before and not after:
        return
    named = _software(before), _software(after)
    if difference.software_differs is None:
        yield f"Software: {named[0]} → {named[1]}"
    elif difference.software_differs:
        yield f"Software differs: {' → '.join(named)}{_details(before, after)}"
    else:
        yield f"Software: {named[0]} on both sides"


def heading(partition: PartitionDifference, noun: Noun = PLATFORM) -> str:
    """``split on 12 common platforms, 3 → 4 classes, 10 → 9 bits remain, 1 missing``."""
    words = [partition.change.value]
    if partition.common:
        words[0] += f" on {counted(partition.common, f'common {noun.one}')}"
    if partition.classes[0] == partition.classes[1]:
        words.append(counted(partition.classes[0], "class", "classes"))
    else:
        words.append(f"{partition.classes[0]} → {partition.classes[1]} classes")
    before, after = partition.remaining_precision
    if before != after and before is not None and after is not None:
        words.append(f"{before} → {after} bits remain")
    if partition.lacking:
        words.append(f"{len(partition.lacking)} missing")
    if partition.tolerated:
        words.append("within the tolerance")
    return ", ".join(words)


def _lines(difference: Difference) -> Iterator[str]:
    if not difference.partitions:
        yield "Nothing to compare: neither side has a partition."
        return
    noun = difference.noun
    parts = ", ".join(f"{number} {change.value}" for change, number in difference.counts())
    yield f"{counted(len(difference.partitions), 'partition')}: {parts}"
    if difference.ignored:
        yield f"Ignored: {', '.join(difference.ignored)}"
    yield from software_lines(difference)
    if difference.tolerances:
        yield _tolerated(difference)
    for partition in difference.partitions:
        lines = list(partition_lines(partition))
        if partition.change is Change.SAME and not lines:
            continue
        yield ""
        yield f"{plain(name(partition))}: {heading(partition, noun)}"
        yield from (f"  {line}" for line in lines)
    if difference.missing_platforms or difference.new_platforms:
        yield ""
    if difference.missing_platforms:
        yield (
            f"{noun.many.capitalize()} without any class now: "
            f"{_names(difference.missing_platforms)}"
        )
    if difference.new_platforms:
        yield f"New {noun.many}: {_names(difference.new_platforms)}"


def _change(change: ClassChange) -> str:
    word = change.change.value
    if change.change is Change.MOVED:
        word += " to other bits together" if change.grouping_kept else " across classes"
    chance = (
        f"; non-deterministic, so perhaps by chance: {_names(change.varying)}"
        if change.varying
        else ""
    )
    return f"{word}: {_sides(change.before)} → {_sides(change.after)}{chance}"


def _moved(moved: Moved) -> str:
    words = [f"{moved.before} → {moved.after}: {', '.join(how_far(moved.distance))}"]
    if moved.within:
        words.append("within the tolerance")
    elif moved.within is not None:
        words.append(f"beyond the tolerance ({', '.join(moved.beyond)})")
    return plain("; ".join(words))


def _tolerated(difference: Difference) -> str:
    differing = [partition for partition in difference.partitions if partition.differs]
    within = sum(partition.tolerated for partition in differing)
    given = plain(", ".join(difference.tolerances))
    return f"Tolerance {given}: {within} of {len(differing)} that differ are within it"


def _software(software: Sequence[SoftwareRecord]) -> str:
    names = dict.fromkeys(f"{one.framework or 'unknown'} {one.version or '?'}" for one in software)
    return _names(tuple(names)) or "not known"


def _details(before: Sequence[SoftwareRecord], after: Sequence[SoftwareRecord]) -> str:
    """Which packages differ, where each side is one software."""
    if len(before) != 1 or len(after) != 1:
        return ""
    one, other = _parts(before[0]), _parts(after[0])
    changed = tuple(
        f"{part} {one.get(part, 'absent')} → {other.get(part, 'absent')}"
        for part in sorted(one.keys() | other.keys())
        if one.get(part) != other.get(part)
    )
    return f" ({_names(changed)})" if changed else ""


def _parts(software: SoftwareRecord) -> dict[str, str]:
    known = {"Python": software.python, "runner": software.runner}
    return dict(software.packages) | {part: text for part, text in known.items() if text}


def _sides(sides: Sequence[ClassSide]) -> str:
    return " + ".join(f"{side.id} ({_names(side.platforms)})" for side in sides)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name) for name in names[:SHOWN])
    rest = len(names) - SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


FORMAT = Format("text", ".txt", difference=difference_text)
