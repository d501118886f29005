"""Equivalence classes: who gave bit-identical output, who did not, and who gave none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from orchestrator.analysis.classes.precision import dendrogram, remaining_precision
from orchestrator.analysis.classes.sessions import missing_platforms
from orchestrator.analysis.observations.columns import Observations
from orchestrator.analysis.observations.tally import Tally, tally
from orchestrator.results.comparison import NO_REMARKS, Remarks
from orchestrator.results.partitions import (
    NOT_AVAILABLE,
    NOT_RECORDED,
    Branch,
    EqClass,
    Missing,
    Partition,
    Planned,
)

Ints = npt.NDArray[np.int64]
NOT_COMPARABLE = "not comparable"
"""The status of a member whose output has another shape or type than those of most."""
Output = tuple[int, ...]
"""What a platform stands by: one digest code, or several (ascending) under ``strict``."""


def partitions(
    observations: Observations,
    planned: Iterable[Planned] = (),
    *,
    strict: bool = False,
    role: str = "final",
    remarks: Remarks = NO_REMARKS,
) -> tuple[Partition, ...]:
    """All partitions of the outputs of ``role``, by workload, variant, input and output.

    A platform whose sessions disagree stands by its most frequent output (ties: the smallest
    digest); with ``strict`` its class is the set of its outputs, so it is never together with
    one that is deterministic. A computation that no platform ended well still has a partition,
    without classes, named ``output``. ``remarks`` are those of ``regrouped``: members that cannot
    be compared are missing, and precision is that of the narrowest type.
    """
    counted = tally(observations, role)
    absent = missing_platforms(observations, planned)
    unrecorded = _unrecorded(observations, role)
    names = _Names.of(observations)
    found: dict[tuple[str, str, str], list[Partition]] = {key: [] for key in absent}
    for key, rows in zip(names.all_keys(counted.keys), counted.slices(), strict=True):
        members = _members(counted, rows, names, strict=strict)
        missing = absent.get(key[:3], {}) | unrecorded.pop(key, {})
        found.setdefault(key[:3], []).append(
            _partition(observations, key, members, missing, strict=strict)
        )
    for key, reasons in unrecorded.items():
        # No platform recorded it: it has no class, and is listed all the same.
        missing = absent.get(key[:3], {}) | reasons
        found.setdefault(key[:3], []).append(
            _partition(observations, key, _Members(), missing, strict=strict)
        )
    for bare, missing in absent.items():
        if not found[bare] and role == "final":
            found[bare].append(
                _partition(observations, (*bare, "output"), _Members(), missing, strict=strict)
            )
    ordered = sorted(found, key=names.position)
    all_found = (partition for key in ordered for partition in found[key])
    if remarks is NO_REMARKS:
        return tuple(all_found)
    return tuple(remarked(partition, remarks) for partition in all_found)


def _unrecorded(
    observations: Observations, role: str
) -> dict[tuple[str, str, str, str], dict[str, tuple[str, str]]]:
    """(status, reason) by platform of the outputs that it could not record, by their partitions."""
    found: dict[tuple[str, str, str, str], dict[str, tuple[str, str]]] = {}
    for platform, computation, output in observations.each_unrecorded(role):
        reasons = found.setdefault((*computation, output.name), {})
        reasons[platform] = NOT_RECORDED, output.reason
    return found


def remarked(partition: Partition, remarks: Remarks) -> Partition:
    """``partition`` with what ``remarks`` say of it."""
    key = (partition.key[:3], partition.output)
    reasons = remarks.incomparable.get(key, {})
    most = remarks.mantissa.get(key)
    found = replace(
        partition,
        notes=(*partition.notes, *remarks.notes.get(key[0], ())),
        missing=tuple(
            Missing(one.platform, NOT_COMPARABLE, reasons[one.platform])
            if one.platform in reasons
            else one
            for one in partition.missing
        ),
    )
    if most is None:
        return found
    bits = found.remaining_precision
    return replace(
        found,
        remaining_precision=None if bits is None else min(bits, most),
        mantissa_bits=most,
        dendrogram=found.dendrogram and _at_most(found.dendrogram, most),
    )


def _at_most(branch: Branch, most: int) -> Branch:
    children = tuple(_at_most(child, most) for child in branch.children)
    return Branch(min(branch.precision, most), branch.classes, children)


@dataclass(frozen=True)
class _Members:
    """Of one partition: its outputs by number, and who stands by which, in platforms' order."""

    outputs: tuple[Output, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    """The platforms of each output, sorted by name."""
    varying: tuple[str, ...] = ()
    sessions: int = 0


@dataclass(frozen=True)
class _Names:
    platform: tuple[str, ...]
    workload: tuple[str, ...]
    input: tuple[str, ...]
    variant: tuple[str, ...]
    output: tuple[str, ...]
    alphabetical: npt.NDArray[np.int64]
    """The place of each platform, by code, when sorted by name."""

    @classmethod
    def of(cls, observations: Observations) -> _Names:
        outputs = observations.outputs
        columns = (
            outputs.platform,
            outputs.workload,
            outputs.input,
            outputs.variant,
            outputs.output,
        )
        names = [column.names for column in columns]
        platforms = names[0]
        places = np.empty(len(platforms), dtype=np.int64)
        places[sorted(range(len(platforms)), key=platforms.__getitem__)] = range(len(platforms))
        return cls(names[0], names[1], names[2], names[3], names[4], places)

    def all_keys(self, keys: pd.DataFrame) -> list[tuple[str, str, str, str]]:
        """Of each partition, in the order of ``keys``."""
        codes = keys[["workload", "input", "variant", "output"]].to_numpy().tolist()
        return [
            (self.workload[workload], self.input[given], self.variant[variant], self.output[output])
            for workload, given, variant, output in codes
        ]

    def position(self, key: tuple[str, str, str]) -> tuple[int, int, int]:
        """Sorts (workload, input, variant) as the tables do: inputs side by side."""
        workload, given, variant = key
        return (
            _index(self.workload, workload),
            _index(self.variant, variant),
            _index(self.input, given),
        )


def _index(labels: tuple[str, ...], label: str) -> int:
    return labels.index(label) if label in labels else len(labels)


def _members(counted: Tally, rows: slice, names: _Names, *, strict: bool) -> _Members:
    platforms, digests = counted.platform[rows], counted.digest[rows]
    several = np.flatnonzero(np.bincount(platforms, minlength=len(names.platform)) > 1)
    varying = tuple(sorted(names.platform[code] for code in several))
    sessions = int(counted.sessions[rows].sum())
    if strict and varying:
        sets: dict[int, Output] = {}
        for platform, digest in zip(platforms.tolist(), digests.tolist(), strict=True):
            sets[platform] = tuple(sorted((*sets.get(platform, ()), digest)))
        distinct = list(dict.fromkeys(sets.values()))
        codes = {output: code for code, output in enumerate(distinct)}
        platforms = np.fromiter(sets, np.int64, len(sets))
        which = np.array([codes[output] for output in sets.values()], dtype=np.int64)
    else:
        chosen = counted.stands[rows]
        platforms = platforms[chosen]
        values, first, which = np.unique(digests[chosen], return_index=True, return_inverse=True)
        order = np.argsort(first)
        distinct = [(code,) for code in values[order].tolist()]
        which = np.argsort(order)[which]
    return _Members(tuple(distinct), _together(platforms, which, names), varying, sessions)


def _together(platforms: Ints, which: Ints, names: _Names) -> tuple[tuple[str, ...], ...]:
    """The names of the platforms of each class; ``which`` is the class of each, from 0."""
    order = np.lexsort((names.alphabetical[platforms], which))
    sorted_names = [names.platform[code] for code in platforms[order].tolist()]
    ends = np.cumsum(np.bincount(which)).tolist() if which.size else []
    return tuple(tuple(sorted_names[a:b]) for a, b in pairwise([0, *ends]))


def _partition(
    observations: Observations,
    key: tuple[str, str, str, str],
    members: _Members,
    absent: Mapping[str, tuple[str, str]],
    *,
    strict: bool,
) -> Partition:
    chains = observations.chains
    classes = tuple(
        EqClass(
            _class_id([chains.digests[code] for code in output]),
            number,
            platforms,
            tuple(sorted(chains.digests[code] for code in output)),
        )
        for number, (output, platforms) in enumerate(
            zip(members.outputs, members.together, strict=True), start=1
        )
    )
    codes = sorted({code for output in members.outputs for code in output})
    types = sorted({chains.types[code] for code in codes})
    bits = {int(chains.bits[code]) for code in codes}
    tree = None
    if not (strict and members.varying):
        first = [output[0] for output in members.outputs]
        tree = dendrogram(chains, first, range(1, len(first) + 1))
    lacking = _lacking(members, absent)
    return Partition(
        *key,
        sessions=members.sessions,
        remaining_precision=remaining_precision(chains, codes),
        mantissa_bits=max(bits) if bits and min(bits) >= 0 else None,
        classes=classes,
        nondeterministic=members.varying,
        missing=tuple(one for one in lacking if one.status != NOT_AVAILABLE),
        dendrogram=tree,
        notes=(f"outputs differ in type or shape: {', '.join(types)}",) if len(types) > 1 else (),
        not_available=tuple(one for one in lacking if one.status == NOT_AVAILABLE),
    )


def _class_id(digests: Sequence[str]) -> str:
    """12 hex digits: of the digest itself, or of a hash over a set of digests."""
    if len(digests) == 1:
        return digests[0][:12]
    return hashlib.blake2b(" ".join(sorted(digests)).encode(), digest_size=6).hexdigest()


def _lacking(members: _Members, absent: Mapping[str, tuple[str, str]]) -> tuple[Missing, ...]:
    # All that have outputs are among ``absent``, too: as many as there are, and none is lacking.
    if sum(map(len, members.together)) == len(absent):
        return ()
    lacking = absent.keys() - set(chain.from_iterable(members.together))
    return tuple(Missing(platform, *absent[platform]) for platform in sorted(lacking))
