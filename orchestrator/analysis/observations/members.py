"""Records regrouped: what is compared becomes the member, all else stays fixed.

The tables know one column of members, ``platform``, and one partition for each workload, input,
variant and output. So comparing along other axes is a change of the records before the tables:
the values of the compared axes become the record's platform, whose label says what differs, and
leave the labels of its workload, input and variant. ``compare: [platform]`` changes nothing and
is not done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, TypeVar

from orchestrator.analysis.observations.labels import Labels
from orchestrator.analysis.observations.table import NO_OUTPUTS
from orchestrator.model.experiment import STORED, Json, Status, content_id, precision_words
from orchestrator.results.record import (
    Asked,
    InputRecord,
    MemberRecord,
    Observation,
    Part,
    PlannedRecord,
    PlatformRecord,
    VariantRecord,
    WorkloadRecord,
)

Row = TypeVar("Row", Observation, PlannedRecord)

ALL_WORKLOADS, ALL_INPUTS = "all workloads", "all inputs"
NO_SETTINGS = "default settings"
"""The label of a variant of which nothing is left."""
_SETTINGS = ("precision", "threads", "batch", "environment", "flags", "device")
_DEFAULT = {"device": "cpu"}
"""What a label calls an axis that is not set: ``cpu``, but ``threads=default``."""


_Ids = tuple[str, str, str, str]
"""Of platform, workload, input and variant."""
_Parts = tuple[MemberRecord, WorkloadRecord, InputRecord, VariantRecord]
"""What takes their places."""
AnyPart = TypeVar("AnyPart", MemberRecord, WorkloadRecord, InputRecord, VariantRecord)


@dataclass(frozen=True)
class _Words:
    """A variant's label, taken apart; the identity of each part beside its words."""

    said: dict[str, tuple[str, ...]]
    """By axis: the words of its setting, none where it is the default."""
    rest: tuple[str, ...]
    """What no axis owns: the row."""
    values: dict[str, Json]
    """By axis, what tells one setting from another."""


def regrouped(
    records: Sequence[Row], axes: Collection[str], of_all: Iterable[Asked] = ()
) -> list[Row]:
    """``records``, each with a member for the combination of ``axes`` in place of its platform.

    A label leaves out an axis on which nothing differs over ``of_all`` (default: ``records``). Two
    different cells never become one member of one computation: labels that would be equal
    get what else differs, at last the start of an id.
    """
    distinct: dict[_Ids, Asked] = {}
    for row in chain(records, of_all):
        distinct.setdefault(_ids(row), row)
    grouping = _Grouping(frozenset(axes), list(distinct.values()))
    made = {ids: grouping.regroup(row) for ids, row in distinct.items()}
    taken: dict[_Ids, _Ids] = {}
    for ids, parts in made.items():
        place = (parts[0].id, parts[1].id, parts[2].id, parts[3].id)
        if taken.setdefault(place, ids) != ids:
            made[ids] = _told_apart(parts, ids)
    shown = _Shown(made.values())
    return [_with(row, shown.parts(made[_ids(row)])) for row in records]


def on_platforms(records: Iterable[Observation]) -> list[Observation]:
    """The records with the platforms themselves in place of members; without outputs, which are
    those of members."""
    return [row._replace(platform=_platform(row), outputs=NO_OUTPUTS) for row in records]


def platforms_of_members(records: Iterable[Observation]) -> dict[str, tuple[str, ...]]:
    """The platforms that computed each member, by labels, in order of appearance; where none did,
    those that were to."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for row in records:
        asked, computed = found.setdefault(row.platform.label, ({}, {}))
        (computed if row.status == Status.OK else asked)[_platform(row).label] = None
    return {member: tuple(computed or asked) for member, (asked, computed) in found.items()}


def platforms_of_outputs(
    records: Iterable[Observation],
) -> dict[tuple[str, str, str, str], str]:
    """The platform of each member in each (workload, input, variant), all by labels; of platforms
    nothing."""
    return {
        (row.workload.label, row.input.label, row.variant.label, row.platform.label): asked.label
        for row in records
        if (asked := _platform(row)) is not row.platform
    }


def _platform(row: Observation) -> PlatformRecord:
    member = row.platform
    if isinstance(member, MemberRecord) and member.asked is not None:
        return member.asked
    return member


def _ids(row: Asked) -> _Ids:
    return row.platform.id, row.workload.id, row.input.id, row.variant.id


def _with(row: Row, parts: _Parts) -> Row:
    platform, workload, given, variant = parts
    return row._replace(platform=platform, workload=workload, input=given, variant=variant)


def _told_apart(parts: _Parts, ids: _Ids) -> _Parts:
    """The same with a member of its own: software that no axis names made two of one."""
    member, workload, given, variant = parts
    identity = content_id([member.id, *ids])
    label = f"{member.name} #{identity[:6]}"
    return replace(member, id=identity, name=label), workload, given, variant


class _Shown:
    """Parts with labels as the tables will show them, equal only where the ids are."""

    def __init__(self, made: Iterable[_Parts]) -> None:
        self._labels = {kind: Labels() for kind in ("member", "workload", "input", "variant")}
        self._codes: dict[tuple[str, str, str], int] = {}
        self._known: dict[tuple[int, str], Any] = {}
        # They live as long as they are known by their places in memory.
        self._made = list(made)
        for member, workload, given, variant in self._made:
            self._number("member", member)
            self._number("workload", workload)
            self._number("input", given, workload.id)
            self._number("variant", variant)
        self._names = {kind: labels.names() for kind, labels in self._labels.items()}

    def parts(self, parts: _Parts) -> _Parts:
        """The same with the labels that will be shown."""
        member, workload, given, variant = parts
        return (
            self._part("member", member, "name"),
            self._part("workload", workload, "label"),
            self._part("input", given, "label", workload.id),
            self._part("variant", variant, "label"),
        )

    def _number(self, kind: str, part: Part, scope: str = "") -> None:
        key = (kind, scope, part.id)
        if key not in self._codes:
            self._codes[key] = self._labels[kind].code(part, scope)

    def _part(self, kind: str, part: AnyPart, field: str, scope: str = "") -> AnyPart:
        place = (id(part), scope)
        known: AnyPart | None = self._known.get(place)
        if known is None:
            name = self._names[kind][self._codes[kind, scope, part.id]]
            called: dict[str, Any] = {field: name}
            known = part if part.label == name else replace(part, **called)
            self._known[place] = known
        return known


class _Grouping:
    """How the parts of records become members and what is fixed, for one choice of axes."""

    def __init__(self, axes: frozenset[str], every: Sequence[Asked]) -> None:
        self._axes = axes
        self._members: dict[tuple[str, str, str, str], MemberRecord] = {}
        self._fixed: dict[tuple[str, str], VariantRecord] = {}
        self._workloads: dict[str, WorkloadRecord] = {}
        self._inputs: dict[str, InputRecord] = {}
        variants = {parts.variant.id: parts.variant for parts in every}
        self._words = {each: _taken_apart(variant) for each, variant in variants.items()}
        self._platforms = len({parts.platform.id for parts in every})
        values = {
            "platform": {parts.platform.id for parts in every},
            "workload": {parts.workload.id for parts in every},
            "input": {parts.input.id for parts in every},
        }
        for words in self._words.values():
            for axis, value in words.values.items():
                values.setdefault(axis, set()).add(content_id(value))
        forms: dict[tuple[str, str], set[str]] = {}
        for parts in every:
            if parts.workload.group is not None:
                framework = " ".join(self._words[parts.variant.id].said["on"])
                place = (parts.workload.group, framework)
                forms.setdefault(place, set()).add(parts.workload.id)
        self._differ = [axis for axis in _ORDER if len(values.get(axis, ())) > 1]
        # A builtin's float32 and a file's stored type are what one experiment gets that says
        # nothing: the members of one partition, where models or frameworks are compared.
        self._one_default = not axes.isdisjoint({"workload", "on"}) and not any(
            variant.stated for variant in variants.values()
        )
        self._several = {place for place, ids in forms.items() if len(ids) > 1}

    def regroup(self, parts: Asked) -> _Parts:
        place = (
            parts.platform.id,
            parts.workload.id,
            parts.input.id if "input" in self._axes else "",
            parts.variant.id,
        )
        if place not in self._members:
            self._members[place] = self._member(parts)
        fixed = (parts.variant.id, parts.platform.id)
        if fixed not in self._fixed:
            self._fixed[fixed] = self._variant(parts)
        if parts.workload.id not in self._workloads:
            self._workloads[parts.workload.id] = self._workload(parts.workload)
        if parts.input.id not in self._inputs:
            self._inputs[parts.input.id] = self._input(parts.input)
        return (
            self._members[place],
            self._workloads[parts.workload.id],
            self._inputs[parts.input.id],
            self._fixed[fixed],
        )

    def _member(self, parts: Asked) -> MemberRecord:
        settings = {
            "on": " ".join(self._words[parts.variant.id].said["on"]),
            "model": parts.workload.label,
        }
        return MemberRecord(
            id=content_id(["member", self._identity(parts)]),
            name=" ".join(self._label(parts)),
            provider=parts.platform.provider,
            parameters=parts.platform.parameters,
            asked=parts.platform,
            settings=settings | ({"input": parts.input.label} if "input" in self._axes else {}),
        )

    def _identity(self, parts: Asked) -> dict[str, Json]:
        """By compared axis, what tells this member from others."""
        words = self._words[parts.variant.id]
        found: dict[str, Json] = {
            "platform": parts.platform.id,
            "workload": parts.workload.id,
            "input": parts.input.id,
            **words.values,
        }
        # The files of one computation are told apart by what loads them.
        compared = self._axes | ({"workload"} if self._of_group(parts.workload) else set())
        return {axis: value for axis, value in found.items() if axis in compared}

    def _of_group(self, workload: WorkloadRecord) -> bool:
        return workload.group is not None and "on" in self._axes

    def _label(self, parts: Asked) -> list[str]:
        said = self._words[parts.variant.id].said
        shown = [axis for axis in self._differ if axis in self._axes]
        words: list[str] = []
        for axis in shown or [axis for axis in _ORDER if axis in self._axes][:1]:
            if axis == "platform":
                words.append(parts.platform.label)
            elif axis == "workload":
                words.append(parts.workload.label)
            elif axis == "input":
                words.append(parts.input.label)
            else:
                words += said[axis] or (_DEFAULT.get(axis, f"{axis}=default"),)
        if "workload" not in self._axes and self._of_group(parts.workload):
            place = (str(parts.workload.group), " ".join(said["on"]))
            words += [parts.workload.label] if place in self._several else []
        return words

    def _workload(self, workload: WorkloadRecord) -> WorkloadRecord:
        group = workload.group
        if group is not None and self._axes & {"workload", "on"}:
            return replace(workload, id=content_id(["group", group]), label=group)
        if "workload" in self._axes:
            return replace(workload, id=content_id(ALL_WORKLOADS), label=ALL_WORKLOADS)
        return workload

    def _input(self, given: InputRecord) -> InputRecord:
        if "input" not in self._axes:
            return given
        return replace(given, id=content_id(ALL_INPUTS), label=ALL_INPUTS)

    def _variant(self, parts: Asked) -> VariantRecord:
        words = self._words[parts.variant.id]
        left = [axis for axis in words.said if axis not in self._axes]
        said = [word for axis in left for word in words.said[axis]] + [*words.rest]
        values = words.values
        if self._one_default and values["precision"] == STORED:
            values = {**values, "precision": "float32"}
        fixed: list[Json] = [*words.rest, *(values[axis] for axis in left)]
        if "platform" not in self._axes:
            fixed.append(parts.platform.id)
            if self._platforms > 1:
                said = [*said, f"on {parts.platform.label}"]
        label = " ".join(said) or NO_SETTINGS
        return replace(parts.variant, id=content_id(["fixed", fixed]), label=label)


_ORDER = ("platform", "workload", "input", "on", *_SETTINGS)
"""The order of the words of a member's label."""


def _taken_apart(variant: VariantRecord) -> _Words:
    """The words of a label by axis: what is no setting's belongs to what computes (``on``)."""
    environment, flags = variant.environment or {}, variant.flags or {}
    said: dict[str, tuple[str, ...]] = {
        "precision": (precision_words(variant.precision),) if variant.precision is not None else (),
        "threads": (f"threads={variant.threads}",) if variant.threads is not None else (),
        "batch": (f"batch={variant.batch}",) if variant.batch is not None else (),
        "environment": tuple(f"{name}={environment[name]}" for name in sorted(environment)),
        "flags": tuple(f"{name}={flags[name]}" for name in sorted(flags)),
        "device": (variant.device,) if variant.device not in (None, "cpu") else (),
    }
    rest = [f"row={variant.row}"] if variant.row is not None else []
    left = f"{variant.label} "
    for word in (*(word for words in said.values() for word in words), *rest):
        left = left.replace(f" {word} ", " ", 1)
    what = left.strip() or variant.framework or "?"
    values: dict[str, Json] = {
        "precision": variant.precision,
        "threads": variant.threads,
        "batch": variant.batch,
        "environment": {name: environment[name] for name in sorted(environment)},
        "flags": {name: flags[name] for name in sorted(flags)},
        "device": variant.device or "cpu",
        "on": [what, variant.framework, variant.pin, list(variant.requires)],
    }
    return _Words({"on": (what,), **said}, tuple(rest), values)
