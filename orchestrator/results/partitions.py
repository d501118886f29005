"""The main results of an analysis: classes, partitions, platforms, determinism, layers.

Frozen values of the standard library only: formats can be tested without pandas or a store, and a
result can be pickled, compared and written as JSON by ``dataclasses.asdict``.

Words: a *class* is the set of platforms with bit-identical output; a *partition* holds all
classes of one (workload, input, variant, output). *Precision* is remaining precision: leading
mantissa bits, 0…m, on which all elements agree; ``None`` where it is not defined (outputs that
are not floats, stored without a chain, or no output at all).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.model.experiment import Status
from orchestrator.results.comparison import BY_PLATFORM, Noun, noun_of
from orchestrator.results.distance import Distance
from orchestrator.results.layers import UnrecordedLayer

if TYPE_CHECKING:
    # It imports NumPy, which no list of formats should wait for.
    from orchestrator.results.record import SoftwareRecord, VariantRecord


@dataclass(frozen=True)
class Planned:
    """One cell of the plan. ``reason`` says why it was not computed, if that is known."""

    cell: str
    """The cell's id: 16 hex digits."""
    platform: str
    workload: str
    input: str
    variant: str
    """Names and labels, as the tables show them."""
    status: str = "missing"
    reason: str = "not observed"


@dataclass(frozen=True)
class EqClass:
    """The platforms that gave one bit-identical output (or, strictly, one set of outputs)."""

    id: str
    """The first 12 hex digits of the output's digest: equal bits have an equal id in every run."""
    number: int
    """From 1, in the order in which classes first appear among the ordered platforms."""
    platforms: tuple[str, ...]
    """Sorted by name."""
    digests: tuple[str, ...]
    """The output's digest; several only for a non-deterministic class under ``strict``."""
    type: str | None = None
    """Of the output, ``float32[1,10]``; like ``links`` it is known of partitions in a report."""
    links: bytes | None = None
    """The output's precision chain, 8 bytes a link; ``None``: no float, or not known."""

    @property
    def chain(self) -> tuple[str, ...] | None:
        """``links`` as texts of 16 hex digits."""
        links = self.links
        if links is None:
            return None
        return tuple(links[start : start + 8].hex() for start in range(0, len(links), 8))


NOT_AVAILABLE = Status.NOT_AVAILABLE.value
"""The status of what is known not to be had: no output was lost, none was to be expected."""


@dataclass(frozen=True)
class Missing:
    """A platform without a usable output, and the reason. It is in no class."""

    platform: str
    status: str
    reason: str


NOT_RECORDED = "not recorded"
"""The status of a platform that computed an output which a record cannot hold."""


@dataclass(frozen=True)
class Branch:
    """A node of a dendrogram: the classes below it agree on ``precision`` bits.

    An inner node's classes agree on no more bits than that. Children are ordered by class number;
    a leaf has exactly one class.
    """

    precision: int
    classes: tuple[int, ...]
    """Class numbers below this node, ascending."""
    children: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class Partition:
    """All classes of one (workload, input, variant, output)."""

    workload: str
    input: str
    variant: str
    output: str
    sessions: int
    """Number of successful sessions that were used, over all platforms."""
    remaining_precision: int | None
    """Bits on which all platforms with an output agree."""
    mantissa_bits: int | None
    """m of the output's type: the upper bound of ``remaining_precision``."""
    classes: tuple[EqClass, ...]
    """By number."""
    nondeterministic: tuple[str, ...]
    """Platforms with several distinct outputs over their sessions, sorted by name."""
    missing: tuple[Missing, ...]
    """Sorted by platform name; without those that are not available."""
    dendrogram: Branch | None
    notes: tuple[str, ...] = ()
    """Remarks for the reader, e.g. that the outputs differ in type or shape."""
    settings: VariantRecord | None = None
    """Those of the variant; ``None``: not known."""
    software: tuple[SoftwareRecord, ...] = ()
    """What computed the outputs, each once, in order of appearance; empty: not known."""
    apart: Distance | None = None
    """How far its classes are apart at most; ``None``: one class, or not measured."""
    computed_by: str | None = None
    """What computed it: ``onnxruntime 1.32.0``; ``None``: not known, or nothing did."""
    not_available: tuple[Missing, ...] = ()
    """Platforms that are known not to have what was asked for; sorted by name."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)

    @property
    def alone(self) -> str | None:
        """The only platform with an output, if there is one only: then its class and precision say
        nothing, unless it is a strict class of several outputs of its own."""
        if len(self.classes) != 1:
            return None
        only = self.classes[0]
        return only.platforms[0] if len(only.platforms) == 1 and len(only.digests) < 2 else None

    @property
    def without_output(self) -> tuple[Missing, ...]:
        """Who is missing and who is not available, by name."""
        both = (*self.missing, *self.not_available)
        return tuple(sorted(both, key=lambda one: one.platform)) if self.not_available else both


@dataclass(frozen=True)
class TableCell:
    """One platform in one partition, as a cell of the class table."""

    number: int | None
    """The class number; ``None`` where the platform is missing."""
    nondeterministic: bool = False
    first: bool = False
    """This is the first platform, in the table's order, that is in the class."""
    repeated: bool = False
    """The cell on the left is of the same workload and variant, and equal."""
    footnote: int | None = None
    """Number, from 1, of the footnote in ``ClassTable.footnotes`` with the reason if missing."""
    available: bool = True
    """Whether an output was to be expected."""


@dataclass(frozen=True)
class ClassTable:
    """Platforms x partitions. ``rows[i][j]`` is platform ``i`` in ``columns[j]``."""

    platforms: tuple[str, ...]
    columns: tuple[tuple[str, str, str, str], ...]
    """Keys of the partitions: (workload, input, variant, output)."""
    letters: tuple[str, ...]
    """A short name of each column: a, b, … z, aa, …"""
    rows: tuple[tuple[TableCell | None, ...], ...]
    """``None``: the cell is neither observed nor planned."""
    footnotes: tuple[str, ...]


def incomplete(partition: Partition) -> bool:
    """Whether a platform is missing. Where all that computed an output could not record it, as
    one of strings, nothing is: there is nothing to have."""
    known = bool(partition.classes)
    return any(known or absent.status != NOT_RECORDED for absent in partition.missing)


@dataclass(frozen=True)
class Variation:
    """A cell whose sessions gave different outputs: the distinct outputs with their counts."""

    platform: str
    workload: str
    input: str
    variant: str
    output: str
    outputs: tuple[tuple[str, int], ...]
    """(12 hex digits of the digest, sessions), most frequent first."""
    remaining_precision: int | None


@dataclass(frozen=True)
class Determinism:
    """Determinism of cells: ``len(variations)`` of ``judged`` pairs vary between sessions."""

    cells: int
    """Number of (cell, output) pairs with at least one successful session."""
    judged: int
    """Number of pairs with two or more sessions: one session shows nothing about determinism."""
    variations: tuple[Variation, ...]


@dataclass(frozen=True)
class LayerRow:
    """One layer, compared over all platforms."""

    index: int
    name: str
    operation: str | None
    platforms: int
    """Number of platforms that gave this layer's output."""
    classes: int
    remaining_precision: int | None
    splits: bool
    """Some platforms are in one class in the layer before and in several in this one."""
    merges: bool
    """Some platforms are in several classes in the layer before and in one in this one."""


@dataclass(frozen=True)
class LayerProfile:
    """Classes and precision of one (workload, input, variant), layer by layer."""

    workload: str
    input: str
    variant: str
    rows: tuple[LayerRow, ...]
    """In order of index."""
    first_parting: str | None
    """Name of the first layer with more than one class; ``None``: every layer has one."""
    unrecorded: tuple[UnrecordedLayer, ...] = ()
    """By index, name and reason. One that other platforms recorded is in ``rows``, too."""

    @property
    def never_recorded(self) -> tuple[UnrecordedLayer, ...]:
        """The first of ``unrecorded`` for each layer that is not in ``rows``, by index."""
        recorded = {(row.index, row.name) for row in self.rows}
        found: dict[tuple[int, str], UnrecordedLayer] = {}
        for layer in self.unrecorded:
            if (layer.index, layer.name) not in recorded:
                found.setdefault((layer.index, layer.name), layer)
        return tuple(found.values())

    def why_not(self, index: int, name: str) -> str | None:
        """``strings are not recorded``, with the platforms where the layer has other platforms,
        too; ``None`` where all that computed the layer recorded it."""
        found = [one for one in self.unrecorded if (one.index, one.name) == (index, name)]
        alone = len(found) == 1 and all((r.index, r.name) != (index, name) for r in self.rows)
        if alone:
            return found[0].reason
        said = (f"{one.reason} ({', '.join(one.platforms)})" for one in found)
        return "; ".join(said) or None

    @property
    def key(self) -> tuple[str, str, str]:
        """(workload, input, variant)."""
        return (self.workload, self.input, self.variant)

    @property
    def alone(self) -> bool:
        """Whether each layer is known of one platform only, so that nothing was compared."""
        return bool(self.rows) and all(row.platforms < 2 for row in self.rows)


@dataclass(frozen=True)
class PlatformInfo:
    """What is known of a platform's hardware, from its fingerprints."""

    name: str
    provider: str | None = None
    vendor: str | None = None
    brand: str | None = None
    microarchitecture: str | None = None
    architecture: str | None = None
    logical_cpus: int | None = None
    memory_bytes: int | None = None
    hypervisor: str | None = None
    gpus: tuple[str, ...] = ()
    flags_own: tuple[str, ...] = ()
    """CPU flags that not every platform of the same architecture has; sorted."""
    emulated: str | None = None
    masked: str | None = None
    presented: str | None = None
    """The CPU that programs saw; vendor, brand and flags are its own."""
    silicon: str | None = None
    """The processor below a presented one."""
    rehearsal: bool = False
    isolation: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """``name@digest`` of the images that ran on it."""
    fingerprints: tuple[str, ...] = ()
    """Digests of all fingerprints of the platform; the fields above are from the first."""
    fingerprint_known: bool = False
    unknown: tuple[str, ...] = ()
    """What the probe could not read, and why: ``cpu.microcode: not readable …``."""
    notes: tuple[str, ...] = ()
    """Reasons to doubt the row, for the reader."""
    platforms: tuple[PlatformInfo, ...] = ()
    """Where more than platforms is compared: those that computed this member. What they do not
    have in common is not known of it."""


@dataclass(frozen=True)
class Measurement:
    """How the outputs of one variant were computed, as the framework reported it."""

    variant: str
    framework: str | None
    version: str | None
    device: str | None
    isa: str | None
    """The instruction sets that libraries chose, e.g. ``openblas=SkylakeX``."""
    threads: str | None
    mode: str | None
    platforms: tuple[str, ...]
    sessions: int


@dataclass(frozen=True)
class Summary:
    """All values that a report shows."""

    experiments: tuple[str, ...]
    runs: tuple[str, ...]
    first_recorded: str | None
    last_recorded: str | None
    strict: bool
    observations: int
    """Sessions with an output."""
    platforms: tuple[PlatformInfo, ...]
    common_flags: tuple[tuple[str, int], ...]
    """(architecture, number of CPU flags that all its platforms have)."""
    partitions: tuple[Partition, ...]
    table: ClassTable
    determinism: Determinism
    layers: tuple[LayerProfile, ...]
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = ()
    compare: tuple[str, ...] = BY_PLATFORM
    """The axes whose combinations are the members of a partition, here called platforms."""
    without_output: int = 0
    """Sessions that are rows with a reason: failed, unsupported, skipped, not available, …"""

    @property
    def noun(self) -> Noun:
        """What texts call the members."""
        return noun_of(self.compare)


@dataclass(frozen=True)
class CountedPlatform:
    """One platform on the axis of a count curve, and its hardware; ``None``: not known."""

    name: str
    vendor: str | None
    generation: str | None
    cores: int | None


@dataclass(frozen=True)
class CountCurve:
    """One partition; ``counts[i]`` is the number of classes of the first ``i + 1`` platforms."""

    workload: str
    input: str
    variant: str
    output: str
    counts: tuple[int, ...]
    numbers: tuple[int | None, ...]
    """The class number of each platform; ``None`` where it gave no output."""


@dataclass(frozen=True)
class ClassCounts:
    """Count curves of partitions with common platforms, over one axis (Figure 1)."""

    platforms: tuple[CountedPlatform, ...]
    """In order of vendor, age of the generation, and number of cores."""
    curves: tuple[CountCurve, ...]
