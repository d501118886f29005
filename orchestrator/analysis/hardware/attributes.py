"""Platforms x attributes: everything about a platform that may explain its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from orchestrator.analysis.hardware.fingerprint_attributes import (
    Named,
    fingerprint_attributes,
    fingerprint_flags,
)
from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.analysis.hardware.record_attributes import (
    listed_sorts,
    record_attributes,
    value_of,
)
from orchestrator.catalog.approximate_units import NONE
from orchestrator.model.experiment import Status
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.explanation import AttributeValue, Kind
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation


@dataclass(frozen=True)
class _Row:
    named: Named
    listed: frozenset[str]
    flags: frozenset[str] | None


@dataclass(frozen=True, eq=False)
class AttributeTable:
    """What is known of each platform.

    ``frame``: one row per platform, one column per attribute: flags are booleans, the others
    texts or whole numbers, ``None`` where not known. ``kinds``: by column. ``undescribed``:
    platforms that are in no row, and why: nothing known is not the same as no flags.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, Kind]
    undescribed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def flags(self) -> pd.DataFrame:
        """The columns that are CPU flags, as booleans."""
        columns = [name for name in self.frame if self.kinds[str(name)] is Kind.FLAG]
        return self.frame[columns].astype(bool)


def attribute_table(records: Iterable[Observation], fingerprints: Fingerprints) -> AttributeTable:
    """The table of all platforms in ``records`` that ended well, in order of appearance.

    A platform is described by its first good record; where later ones come with a fingerprint
    that differs in anything used here, a note says so.
    """
    first: dict[str, Observation] = {}
    others: dict[str, set[str]] = {}
    for record in records:
        if record.status == Status.OK:
            name = record.platform.label
            first.setdefault(name, record)
            others.setdefault(name, set()).add(str(record.fingerprint))
    table = described(first, fingerprints)
    notes = [*table.notes]
    for name, digests in others.items():
        known = [fingerprints[digest] for digest in sorted(digests) if digest in fingerprints]
        if len({_hardware(fingerprint) for fingerprint in known}) > 1:
            notes.append(f"{name}: several machines with different attributes; the first counts")
    return AttributeTable(table.frame, table.kinds, table.undescribed, tuple(notes))


def described(
    units: Mapping[str, Observation], fingerprints: Fingerprints, noun: Noun = PLATFORM
) -> AttributeTable:
    """The table with one row per unit: a name and the record that describes it."""
    seen: dict[str, tuple[Named, frozenset[str] | None]] = {}
    rows: dict[str, _Row] = {}
    undescribed: list[tuple[str, str]] = []
    for name, record in units.items():
        digest = record.fingerprint
        if digest is None or digest not in fingerprints:
            what = "no fingerprint" if digest is None else f"fingerprint {digest[:12]} is missing"
            undescribed.append((name, what))
            continue
        fingerprint = fingerprints[digest]
        if digest not in seen:
            seen[digest] = fingerprint_attributes(fingerprint), fingerprint_flags(fingerprint)
        named, flags = seen[digest]
        rows[name] = _Row(
            named | record_attributes(record, fingerprint),
            listed_sorts(record, fingerprint),
            flags,
        )
    notes = []
    if any(row.flags is not None for row in rows.values()):
        lacking = [name for name, row in rows.items() if row.flags is None]
        undescribed += [(name, "its CPU flags are not known") for name in lacking]
        rows = {name: row for name, row in rows.items() if row.flags is not None}
    elif rows:
        notes.append(f"no {noun.one}'s CPU flags are known: flags take no part")
    return _table(rows, tuple(undescribed), tuple(notes))


def _table(
    rows: Mapping[str, _Row],
    undescribed: tuple[tuple[str, str], ...],
    notes: tuple[str, ...],
) -> AttributeTable:
    kinds: dict[str, Kind] = {}
    for row in rows.values():
        kinds.update({name: kind for name, (kind, _) in row.named.items() if name not in kinds})
    columns: dict[str, list[AttributeValue]] = {
        name: [value_of(name, row.named, row.listed) for row in rows.values()] for name in kinds
    }
    for name in [one for one in columns if kinds[one] is Kind.APPROXIMATION]:
        # Who has no unit at all lacks a flag, which says so; vendor and flag in one attribute
        # would be taken for a smaller explanation than the two.
        if NONE in columns[name]:
            del columns[name], kinds[name]
    for flag in sorted({flag for row in rows.values() for flag in row.flags or ()}):
        columns[flag] = [flag in (row.flags or ()) for row in rows.values()]
        kinds[flag] = Kind.FLAG
    # Columns of objects: a missing number must not turn the others into floats.
    frame = pd.DataFrame(columns, index=pd.Index(list(rows), dtype="object"), dtype="object")
    return AttributeTable(frame, kinds, undescribed, notes)


def _hardware(fingerprint: Fingerprint) -> tuple[object, ...]:
    named = fingerprint_attributes(fingerprint)
    flags = fingerprint_flags(fingerprint) or frozenset()
    return (tuple(sorted((key, str(value)) for key, (_, value) in named.items())), flags)
