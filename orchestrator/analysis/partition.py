"""Equivalence classes: who gave bit-identical output, who did not, and who gave none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from orchestrator.analysis.missing import missing_platforms
from orchestrator.analysis.precision import dendrogram, remaining_precision
from orchestrator.analysis.table import Observations
from orchestrator.analysis.tally import Tally, tally
from orchestrator.results_model import EqClass, Missing, Partition, Planned

Output = tuple[int, ...]
"""What a platform stands by: one digest code, or several (ascending) under ``strict``."""


def partitions(
    observations: Observations,
    planned: Iterable[Planned] = (),
    *,
    strict: bool = False,
    role: str = "final",
) -> tuple[Partition, ...]:
    """All partitions of the outputs of ``role``, by workload, variant, input and output.

    A platform whose sessions disagree stands by its most frequent output (ties: the smallest
    digest); with ``strict`` its class is the set of its outputs, so it is never together with
    one that is deterministic. A computation that no platform ended well still has a partition,
    without classes, named ``output``.
    """
    counted = tally(observations, role)
    absent = missing_platforms(observations, planned)
    names = _Names.of(observations)
    found: dict[tuple[str, str, str], list[Partition]] = {key: [] for key in absent}
    for row, rows in enumerate(counted.slices()):
        key = names.key(counted.keys, row)
        members = _members(counted, rows, names, strict=strict)
        found.setdefault(key[:3], []).append(
            _partition(observations, key, members, absent.get(key[:3], {}), strict=strict)
        )
    for bare, missing in absent.items():
        if not found[bare] and role == "final":
            found[bare].append(
                _partition(observations, (*bare, "output"), _Members(), missing, strict=strict)
            )
    ordered = sorted(found, key=names.position)
    return tuple(partition for key in ordered for partition in found[key])


@dataclass
class _Members:
    """Of one partition, in the platforms' order."""

    outputs: dict[str, Output] = field(default_factory=dict)
    varying: list[str] = field(default_factory=list)
    sessions: int = 0


@dataclass(frozen=True)
class _Names:
    platform: tuple[str, ...]
    workload: tuple[str, ...]
    input: tuple[str, ...]
    variant: tuple[str, ...]
    output: tuple[str, ...]

    @classmethod
    def of(cls, observations: Observations) -> _Names:
        table = observations.table
        columns = ("platform", "workload", "input", "variant", "output")
        return cls(*(tuple(table[column].cat.categories) for column in columns))

    def key(self, keys: pd.DataFrame, row: int) -> tuple[str, str, str, str]:
        codes = keys.iloc[row]
        return (
            self.workload[codes["workload"]],
            self.input[codes["input"]],
            self.variant[codes["variant"]],
            self.output[codes["output"]],
        )

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
    members = _Members(sessions=int(counted.sessions[rows].sum()))
    platforms, digests = counted.platform[rows], counted.digest[rows]
    stands = counted.stands[rows]
    several = np.bincount(platforms, minlength=len(names.platform)) > 1
    for platform, digest, chosen in zip(
        platforms.tolist(), digests.tolist(), stands.tolist(), strict=True
    ):
        name = names.platform[platform]
        if strict:
            members.outputs[name] = tuple(sorted((*members.outputs.get(name, ()), digest)))
        elif chosen:
            members.outputs[name] = (digest,)
    members.varying = [names.platform[code] for code in np.flatnonzero(several)]
    return members


def _partition(
    observations: Observations,
    key: tuple[str, str, str, str],
    members: _Members,
    absent: Mapping[str, tuple[str, str]],
    *,
    strict: bool,
) -> Partition:
    chains = observations.chains
    numbers: dict[Output, int] = {}
    together: dict[Output, list[str]] = {}
    for platform, output in members.outputs.items():
        numbers.setdefault(output, len(numbers) + 1)
        together.setdefault(output, []).append(platform)
    classes = tuple(
        EqClass(
            _class_id([chains.digests[code] for code in output]),
            number,
            tuple(sorted(together[output])),
            tuple(sorted(chains.digests[code] for code in output)),
        )
        for output, number in numbers.items()
    )
    codes = sorted({code for output in numbers for code in output})
    types = sorted({chains.types[code] for code in codes})
    bits = {int(chains.bits[code]) for code in codes}
    tree = None
    if not (strict and members.varying):
        tree = dendrogram(chains, [output[0] for output in numbers], list(numbers.values()))
    return Partition(
        *key,
        sessions=members.sessions,
        remaining_precision=remaining_precision(chains, codes),
        mantissa_bits=max(bits) if bits and min(bits) >= 0 else None,
        classes=classes,
        nondeterministic=tuple(sorted(members.varying)),
        missing=_missing(members, absent),
        dendrogram=tree,
        notes=(f"outputs differ in type or shape: {', '.join(types)}",) if len(types) > 1 else (),
    )


def _class_id(digests: Sequence[str]) -> str:
    """12 hex digits: of the digest itself, or of a hash over a set of digests."""
    if len(digests) == 1:
        return digests[0][:12]
    return hashlib.blake2b(" ".join(sorted(digests)).encode(), digest_size=6).hexdigest()


def _missing(members: _Members, absent: Mapping[str, tuple[str, str]]) -> tuple[Missing, ...]:
    return tuple(
        Missing(platform, status, reason)
        for platform, (status, reason) in sorted(absent.items())
        if platform not in members.outputs
    )
