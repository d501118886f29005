"""JSON of a store → typed values: the one place that knows what the keys of its objects mean.

Nothing is checked here but what would end an analysis: lines were checked when they were written
(``ingest``), and what reads them says which one is no observation (``columns``). What is absent,
``null`` or of another kind than an object is read as nothing known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from orchestrator.model.experiment import Json, Reason, pairs
from orchestrator.model.machine import Offer
from orchestrator.results.comparison import BY_PLATFORM, Comparison
from orchestrator.results.kernels import KernelRecord, Kernels
from orchestrator.results.outputs import OutputPool, UnrecordedOutput
from orchestrator.results.record import (
    FrameworkRecord,
    ImageRecord,
    InputRecord,
    MachineRecord,
    ModelRecord,
    Observation,
    PlannedRecord,
    PlatformRecord,
    SoftwareRecord,
    VariantRecord,
    WorkloadRecord,
)
from orchestrator.results.software import recorded_software

JsonObject = dict[str, Json]
"""A record as it stands in a line, or will: with keys that only its writer knows, too."""
T = TypeVar("T")


def parse_observation(document: JsonObject, pool: OutputPool | None = None) -> Observation:
    """One stored observation; those of a run share their ``pool``.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` where it is none.
    """
    known: dict[str, Any] = document
    fields = {name: known[name] for name in Observation._fields if name in known}
    for name, parse in PARTS.items():
        fields[name] = parse(known.get(name))
    if fields["software"].id is None:
        fields["software"] = software_of_framework(fields["framework"])
    fields["variant"] = fields["variant"].for_workload(fields["workload"])
    fields["converted"] = tuple(known.get("converted") or ())
    fields["outputs"] = (pool or OutputPool()).add(known.get("outputs", ()))
    fields["unrecorded"] = parse_unrecorded(known.get("unrecorded"))
    return Observation(**fields)


def parse_platform(value: Json) -> PlatformRecord:
    """What was asked of a provider."""
    known = as_object(value)
    label = _label(known)
    return PlatformRecord(
        id=str(known.get("id") or label),
        name=label,
        provider=known.get("provider"),
        parameters=as_object(known.get("parameters")),
    )


def parse_workload(value: Json) -> WorkloadRecord:
    """What was computed."""
    known = as_object(value)
    label = _label(known)
    return WorkloadRecord(
        id=str(known.get("id") or label),
        label=label,
        source=known.get("source"),
        name=known.get("name"),
        sha256=known.get("sha256"),
        weights=known.get("weights"),
        arguments=as_object(known.get("arguments")),
        signature=known.get("signature"),
        group=known.get("group"),
    )


def parse_input(value: Json) -> InputRecord:
    """On which tensors."""
    known = as_object(value)
    label = _label(known)
    return InputRecord(str(known.get("id") or label), label, as_object(known.get("tensors")))


def parse_variant(value: Json) -> VariantRecord:
    """With which settings."""
    known = as_object(value)
    label = _label(known)
    flags = known.get("flags")
    return VariantRecord(
        id=str(known.get("id") or label),
        label=label,
        framework=known.get("framework"),
        precision=known.get("precision"),
        threads=known.get("threads"),
        batch=known.get("batch"),
        device=known.get("device"),
        environment=as_object(known.get("environment")),
        flags=flags if isinstance(flags, dict) else None,
        pin=known.get("pin"),
        requires=tuple(known.get("requires") or ()),
        row=known.get("row"),
        stated=bool(known.get("stated")),
    )


def parse_machine(value: Json) -> MachineRecord:
    """What computed it."""
    known = as_object(value)
    return MachineRecord(
        id=known.get("id"),
        isolation=known.get("isolation"),
        emulated=known.get("emulated"),
        masked=known.get("masked"),
        presented=known.get("presented"),
        assumed=tuple(map(str, known.get("assumed") or ())),
        rehearsal=bool(known.get("rehearsal")),
        image=same_names(ImageRecord, known.get("image")),
        offer=parse_offer(known.get("place")),
    )


def parse_offer(value: Json) -> Offer | None:
    """Where a rented machine was had; ``None``: it was not rented."""
    known = as_object(value)
    if not known:
        return None
    return Offer(
        region=known.get("region"),
        zone=known.get("zone"),
        machine_type=known.get("type"),
        spot=bool(known.get("spot")),
    )


def parse_software(value: Json) -> SoftwareRecord:
    """What computed it."""
    return same_names(SoftwareRecord, value)


def software_of_framework(framework: FrameworkRecord) -> SoftwareRecord:
    """What computed a row that only tells of its framework."""
    return recorded_software(framework.name, framework.version)


def software_id_of(document: JsonObject) -> str | None:
    """The id of what computed a record; ``None`` where it does not say."""
    software = document.get("software")
    if isinstance(software, dict) and software.get("id") is not None:
        return str(software["id"])
    framework = as_object(document.get("framework"))
    return recorded_software(framework.get("name"), framework.get("version")).id


def parse_reason(value: Json) -> Reason | None:
    """Why there is no observation."""
    known = as_object(value)
    if not known:
        return None
    return Reason(known.get("code") or "", known.get("message") or "", known.get("stderr") or "")


def parse_kernels(value: Json) -> Kernels | None:
    """The kernels of a session; ``None`` where they were not asked for."""
    known = as_object(value)
    if not known:
        return None
    rows = tuple(same_names(KernelRecord, row) for row in known.get("rows") or ())
    return Kernels(rows, known.get("perturbed"), known.get("reason"))


def parse_unrecorded(value: Json) -> tuple[UnrecordedOutput, ...]:
    """The outputs that could not be recorded; none in an older record.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` where an element is no such output.
    """
    listed: Any = value or ()
    return tuple(_unrecorded(**{name: one[name] for name in _UNRECORDED}) for one in listed)


def _unrecorded(
    name: object, role: object, index: object, operation: object, reason: object
) -> UnrecordedOutput:
    if not isinstance(name, str) or not isinstance(role, str) or not isinstance(reason, str):
        raise TypeError(f"name {name!r}, role {role!r} or reason {reason!r} is no text")
    if type(index) is not int or not 0 <= index < 1 << 31:
        raise ValueError(f"index {index!r} of {name!r} is none")
    if not isinstance(operation, str | None):
        raise TypeError(f"operation {operation!r} of {name!r} is none")
    return UnrecordedOutput(name, role, index, operation, reason)


_UNRECORDED = UnrecordedOutput.__slots__


PARTS: Mapping[str, Callable[[Any], Any]] = {
    "platform": parse_platform,
    "workload": parse_workload,
    "input": parse_input,
    "variant": parse_variant,
    "machine": parse_machine,
    "reason": parse_reason,
    "framework": lambda value: same_names(FrameworkRecord, value),
    "model": lambda value: same_names(ModelRecord, value),
    "software": parse_software,
    "kernels": parse_kernels,
}
"""How the keys of an observation are read that are objects, or ``None``, by their names."""
PLANNED = ("platform", "workload", "input", "variant")
"""The parts of a planned cell, in the order in which ``plan.json`` refers to them."""


def parse_plan(document: Json) -> list[PlannedRecord]:
    """The cells of a ``plan.json``, whose parts are stored once and referred to by id."""
    known = as_object(document)
    parts = {
        name: {each: PARTS[name](value) for each, value in known[f"{name}s"].items()}
        for name in PLANNED
    }
    found = [
        PlannedRecord(
            cell["cell"],
            cell["sessions"],
            *(parts[name][each] for name, each in zip(PLANNED, cell["parts"], strict=True)),
        )
        for cell in known["cells"]
    ]
    variants = variants_for((row.variant for row in found), (row.workload for row in found))
    return [row._replace(variant=each) for row, each in zip(found, variants, strict=True)]


def variants_for(
    variants: Iterable[VariantRecord], workloads: Iterable[WorkloadRecord]
) -> Iterator[VariantRecord]:
    """Each variant as it is for its workload; equal ones stay one object, as long as one reads."""
    known: dict[tuple[int, int], tuple[VariantRecord, WorkloadRecord, VariantRecord]] = {}
    for variant, workload in zip(variants, workloads, strict=False):
        place = (id(variant), id(workload))
        if place not in known:
            # What is known by its place in memory has to stay there.
            known[place] = (variant, workload, variant.for_workload(workload))
        yield known[place][2]


def parse_comparison(document: Json) -> Comparison:
    """What a ``plan.json`` compares: by platform, where it does not say."""
    known = as_object(document)
    axes = tuple(known.get("compare") or BY_PLATFORM)
    return Comparison(axes, pairs(as_object(known.get("outputs"))))


def same_names(kind: type[T], value: Json) -> T:
    """A ``kind`` whose fields are keys of ``value``."""
    known = as_object(value)
    return kind(**{name: known[name] for name in _fields(kind) if name in known})


def _fields(kind: type[object]) -> tuple[str, ...]:
    return kind.__slots__  # type: ignore[attr-defined, no-any-return]


def as_object(value: Json) -> dict[str, Any]:
    """``value``, or nothing known where it is no object."""
    return value if isinstance(value, dict) else {}


def _label(known: Mapping[str, Any]) -> str:
    """What tables show of a platform, workload, input or variant."""
    return str(known.get("label") or known.get("name") or known.get("id"))
