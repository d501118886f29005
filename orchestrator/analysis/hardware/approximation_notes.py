"""Warnings where classes may part by approximate instructions alone.

They need platforms of different classes whose units differ (docs/formats.md, section 4), and a
model with an operator whose output is known to depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.catalog.approximate_operators import (
    approximate_operators,
    builtin_operations,
    may_contain_others,
    operator_of,
)
from orchestrator.catalog.approximate_units import approximation_units, group_of
from orchestrator.model.experiment import Status
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation, WorkloadRecord
from orchestrator.system.counted import counted

_LAYERS = ("keras", "savedmodel")
"""Sources whose operations are layers, which may compute more than their name says."""
SOME = 3
"""Platforms that are named; of others the number is said."""


def approximation_notes(
    partitions: Iterable[Partition],
    records: Iterable[Observation],
    fingerprints: Mapping[str, Fingerprint],
) -> tuple[str, ...]:
    """A sentence for each workload, variant and cause; none where all units agree."""
    digests = [found.approximation for found in fingerprints.values() if found.approximation]
    if all(one == digests[0] for one in digests):
        return ()
    computed = _Computed.of(records)
    notes: dict[str, int] = {}
    for partition in partitions:
        for note in _of_partition(partition, computed, fingerprints):
            notes[note] = notes.get(note, 0) + 1
    return tuple(
        note if number == 1 else f"{note} ({counted(number, 'partition')})"
        for note, number in notes.items()
    )


@dataclass
class _Computed:
    """What the records say of members, and of each workload and variant, by label."""

    fingerprint: dict[str, str] = field(default_factory=dict)
    framework: dict[str, str] = field(default_factory=dict)
    workload: dict[str, WorkloadRecord] = field(default_factory=dict)
    operations: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Observation]) -> _Computed:
        found, seen = cls(), set()
        for record in records:
            if record.status != Status.OK:
                continue
            workload, variant = record.workload.label, record.variant.label
            if record.fingerprint is not None:
                found.fingerprint.setdefault(record.platform.label, record.fingerprint)
            framework = record.framework.name or record.variant.framework
            if framework is not None:
                found.framework.setdefault(variant, framework)
            found.workload.setdefault(workload, record.workload)
            outputs = record.outputs
            place = (workload, variant, id(outputs.pool), outputs.layout)
            if place not in seen:
                seen.add(place)
                names = {one[3] for one in outputs.pool.layouts[outputs.layout]} - {None}
                own = found.operations.setdefault((workload, variant), set())
                own.update(str(name) for name in names)
        return found

    def operations_of(self, workload: str, variant: str) -> tuple[frozenset[str], bool]:
        """The model's operators as far as known, and whether these are all."""
        named = self.operations.get((workload, variant), set())
        record = self.workload[workload]
        builtin = record.source == "builtin"
        if not named and builtin and record.name is not None:
            named = set(builtin_operations(record.name, record.arguments) or ())
        layers = record.source in _LAYERS
        whole = bool(named) and not (layers and any(map(may_contain_others, named)))
        return frozenset(map(operator_of, named)), whole


def _of_partition(
    partition: Partition, computed: _Computed, fingerprints: Mapping[str, Fingerprint]
) -> Iterator[str]:
    known = {
        name: fingerprints[digest].approximation
        for group in partition.classes
        for name in group.platforms
        if (digest := computed.fingerprint.get(name)) is not None and digest in fingerprints
    }
    digests = {name: found for name, found in known.items() if found}
    differing = _differing(partition, digests)
    framework = computed.framework.get(partition.variant)
    if not differing or framework is None or partition.workload not in computed.workload:
        return
    said = f"{partition.workload} · {partition.variant}"
    units = _units(differing, digests)
    operators = approximate_operators(framework)
    if operators is None:
        yield (
            f"{said}: whether operators of {framework} depend on approximate instructions was "
            f"not measured, and units differ here: {units}"
        )
        return
    using = {name: [one for one in given if one in differing] for name, given in operators.items()}
    using = {name: given for name, given in using.items() if given}
    present, whole = computed.operations_of(partition.workload, partition.variant)
    certain = {name: given for name, given in using.items() if name in present}
    if certain:
        yield (
            f"{said}: classes may part by approximate instructions alone: {_listed(certain)}, "
            f"and units differ here: {_units(_instructions(certain), digests)}"
        )
    elif using and not whole:
        why = "not all known" if present else "not known (`observe: {layers: true}` records them)"
        yield (
            f"{said}: the model's operations are {why}; of {framework} {_listed(using)}, "
            f"and units differ here: {_units(_instructions(using), digests)}"
        )


def _differing(partition: Partition, digests: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """Instructions that members of different classes executed with different results."""
    names = frozenset(name for found in digests.values() for name in found)
    return frozenset(name for name in names if _differs(name, partition, digests))


def _differs(name: str, partition: Partition, digests: Mapping[str, Mapping[str, str]]) -> bool:
    by_class = [
        {digests[one][name] for one in group.platforms if name in digests.get(one, {})}
        for group in partition.classes
    ]
    known = [found for found in by_class if found]
    return len(known) > 1 and len(frozenset[str]().union(*known)) > 1


def _instructions(operators: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset(one for given in operators.values() for one in given)


def _listed(operators: Mapping[str, list[str]]) -> str:
    """``softmax depends on rcpps``, operators of the same instructions together."""
    by_instructions: dict[tuple[str, ...], list[str]] = {}
    for name, given in operators.items():
        by_instructions.setdefault(tuple(given), []).append(name)
    return "; ".join(
        f"{', '.join(names)} {'depends' if len(names) == 1 else 'depend'} on {', '.join(given)}"
        for given, names in by_instructions.items()
    )


def _units(instructions: Iterable[str], digests: Mapping[str, Mapping[str, str]]) -> str:
    """``reciprocal estimates: QEMU 7.2 on a; Intel on b``, group by group."""
    said = []
    for group in sorted({group for one in instructions if (group := group_of(one)) is not None}):
        members: dict[str, list[str]] = {}
        for name, found in digests.items():
            members.setdefault(approximation_units(found)[group], []).append(name)
        parts = (f"{unit} on {_some(names)}" for unit, names in sorted(members.items()))
        said.append(f"{group}: {'; '.join(parts)}")
    return ". ".join(said)


def _some(names: list[str]) -> str:
    more = len(names) - SOME
    named = ", ".join(names[:SOME])
    return f"{named} and {more} more" if more > 0 else named
