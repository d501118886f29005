"""A stored observation as the analysis sees it: docs/formats.md, sections 3 and 5, as types.

``store/parse.py`` makes these of JSON and is the only place that knows its keys. A part that a
record lacks, or has as ``null``, is here with nothing known of it: an older record and one of the
study read like any other. Values are what the JSON Schema of an observation allows, which was
checked before the line was written.

The parts are frozen dataclasses, a few thousand for a store; there is one ``Observation`` for
each of its sessions, and a named tuple is made in a ninth of the time
(docs/adr/0011-typed-records.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from orchestrator.model.experiment import (
    FILES,
    STORED,
    Json,
    Reason,
    Scalar,
    precision_words,
)
from orchestrator.model.machine import Offer
from orchestrator.results.kernels import Kernels
from orchestrator.results.outputs import Outputs, UnrecordedOutput

SessionKey = tuple[str, str, str | None, int]
"""(run, cell, id of the software or ``None`` where none is known, session)."""
Bits = tuple[tuple[str, str, str], ...]
"""Role, name and digest of every output, sorted."""


@dataclass(frozen=True, slots=True)
class PlatformRecord:
    """What was asked of a provider."""

    id: str
    name: str
    provider: str | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What tables show."""
        return self.name


@dataclass(frozen=True, slots=True)
class MemberRecord(PlatformRecord):
    """What stands for the platform where more than platforms is compared."""

    asked: PlatformRecord | None = None
    """The platform itself."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What may differ between members beside the variant: ``on``, ``model``, ``input``."""


@dataclass(frozen=True, slots=True)
class WorkloadRecord:
    """What was computed."""

    id: str
    label: str
    source: str | None = None
    name: str | None = None
    sha256: str | None = None
    weights: str | None = None
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    signature: str | None = None
    group: str | None = None
    """The label that it shares with other forms of one computation."""


@dataclass(frozen=True, slots=True)
class InputRecord:
    """On which tensors: the SHA-256 of each ``.npy`` file by the tensor's name."""

    id: str
    label: str
    tensors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """With which settings; ``None``: left to the framework."""

    id: str
    label: str
    framework: str | None = None
    precision: str | None = None
    threads: int | None = None
    batch: int | None = None
    device: str | None = None
    environment: Mapping[str, Scalar] = field(default_factory=dict)
    flags: Mapping[str, Scalar] | None = None
    """``None``: the record does not say, which is not the same as none."""
    pin: str | None = None
    """The PEP 440 specifier that ``on`` gave the framework."""
    requires: tuple[str, ...] = ()
    row: str | None = None
    """The part of batched outputs that was compared."""
    stated: bool = False
    """Whether a model file was asked for float32, rather than to compute as it is stored."""

    def for_workload(self, workload: WorkloadRecord) -> VariantRecord:
        """The variant with the precision that it had for ``workload``.

        Nothing said is one variant by its id, but a model file computes as it is stored, what has
        none in float32. Records of before there was ``stored`` say float32 of both.
        """
        is_file = workload.source in FILES
        if is_file and self.precision == "float32" and not self.stated:
            return self._called("float32", STORED)
        if self.precision == STORED:
            return self._called(STORED, STORED if is_file else "float32")
        return self

    def _called(self, before: str, now: str) -> VariantRecord:
        label = self.label.replace(precision_words(before), precision_words(now), 1)
        # An id of its own for readers: tables show one label for one id.
        identity = f"{self.id}-{STORED}" if now == STORED else self.id
        return replace(self, id=identity, label=label, precision=now)


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The Docker image that the runner was in."""

    name: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """The machine that computed it. All is ``None`` where none did."""

    id: str | None = None
    isolation: str | None = None
    emulated: str | None = None
    masked: str | None = None
    presented: str | None = None
    """The name of the CPU that programs saw."""
    assumed: tuple[str, ...] = ()
    """What of that CPU was not recorded, and what it was taken for."""
    rehearsal: bool = False
    image: ImageRecord = ImageRecord()
    offer: Offer | None = None
    """Where a rented one was had; without its price."""


@dataclass(frozen=True, slots=True)
class FrameworkRecord:
    """What the framework says of itself; ``None`` where it does not say."""

    name: str | None = None
    version: str | None = None
    device: str | None = None
    isa: Json = None
    """What it chose: a word, or words by name, such as ``{"openblas": "SkylakeX"}``."""
    threads: Json = None
    libraries: Json = None


@dataclass(frozen=True, slots=True)
class SoftwareRecord:
    """What computed it: equal ids, equal software. A record of schema 1 tells its version only."""

    id: str | None = None
    """``None``: not known, as of a session that no machine computed."""
    framework: str | None = None
    version: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    """The version of every package that the framework and the runner need, by its name."""
    python: str | None = None
    """``3.11``."""
    runner: str | None = None
    """The runner's own version."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that may have brought other libraries (``LD_PRELOAD``), where they were set."""
    platform_packages: Mapping[str, str] = field(default_factory=dict)
    """As ``packages``, of those that only some platforms need: not part of the id."""


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The model as the runner built it."""

    parameters: Scalar = None
    multiplications: Scalar = None
    weights: Scalar = None
    """Their digest."""


class Observation(NamedTuple):
    """The record of one session of one cell, or of why there is none."""

    cell: str
    session: int
    status: str
    """A ``Status``."""
    platform: PlatformRecord
    workload: WorkloadRecord
    input: InputRecord
    variant: VariantRecord
    outputs: Outputs
    reason: Reason | None = None
    """Of every status but ``ok``."""
    run: str = ""
    attempt: int = 0
    experiment: str | None = None
    machine: MachineRecord = MachineRecord()
    fingerprint: str | None = None
    """Its digest."""
    framework: FrameworkRecord = FrameworkRecord()
    model: ModelRecord = ModelRecord()
    perturbed: bool | None = None
    """Whether the run that recorded layers gave another final output; ``None`` without layers."""
    layers_by: str | None = None
    """``taps``: one run gave all layers; ``cuts``: each is of a part of the model that ends there,
    since taps changed the final output. ``None`` without layers, and in older records."""
    kernels: Kernels | None = None
    """``None``: not asked for."""
    mode: str | None = None
    """``fork`` or ``cold``."""
    started: str | None = None
    seconds: float | None = None
    recorded: str | None = None
    software: SoftwareRecord = SoftwareRecord()
    converted: tuple[str, ...] = ()
    """Conversions of inputs that were made: ``x: int64 → uint8``."""
    unrecorded: tuple[UnrecordedOutput, ...] = ()
    """What was computed beside ``outputs``, and why it is not among them."""
    time: Json = None
    """Of a timed session: ``laps``, ``median`` and ``quartiles``, in seconds."""

    @property
    def key(self) -> SessionKey:
        """What makes two records the same session."""
        return self.run, self.cell, self.software.id, self.session

    @property
    def bits(self) -> Bits:
        """The identity of what was observed."""
        return tuple(sorted((one.role, one.name, one.digest) for one in self.outputs))


Part = PlatformRecord | WorkloadRecord | InputRecord | VariantRecord
"""What was asked for, each with the ``id`` that tells it apart and the ``label`` of tables."""


class PlannedRecord(NamedTuple):
    """One planned cell, with the number of its sessions."""

    cell: str
    sessions: int
    platform: PlatformRecord
    workload: WorkloadRecord
    input: InputRecord
    variant: VariantRecord


Asked = Observation | PlannedRecord
"""Whatever says what was asked for."""
