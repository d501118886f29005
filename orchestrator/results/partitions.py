"""What an analysis finds out, as plain frozen values: analysis makes them, report shows them.

Standard library only, so that the formats need neither pandas nor a store to be tested, and
a result can be pickled, compared and written as JSON by ``dataclasses.asdict``.

Words: a *class* is the set of platforms with bit-identical output; a *partition* holds all
classes of one (workload, input, variant, output). *Precision* is remaining precision: leading
mantissa bits, 0…m, on which all elements agree; ``None`` where it is not defined (outputs that
are not floats, stored without a chain, or no output at all).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Planned:
    """One cell that was asked for. ``reason`` says why it was not computed, if that is known."""

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
    """12 hex digits of the output's digest: the same in every run."""
    number: int
    """From 1, by first appearance in the platforms' order."""
    platforms: tuple[str, ...]
    """Sorted by name."""
    digests: tuple[str, ...]
    """The output's digest; several only for a non-deterministic class under ``strict``."""


@dataclass(frozen=True)
class Missing:
    """A platform that gave no usable output, and why. It never counts as a class."""

    platform: str
    status: str
    reason: str


@dataclass(frozen=True)
class Branch:
    """A node of a dendrogram: classes that agree on ``precision`` bits and, but for the leaves,
    on no more. Children are ordered by class number; a leaf holds exactly one class."""

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
    """Sessions that ended well and entered, over all platforms."""
    remaining_precision: int | None
    """Of the whole fleet."""
    mantissa_bits: int | None
    """m of the output's type, the most that ``remaining_precision`` can be."""
    classes: tuple[EqClass, ...]
    """By number."""
    nondeterministic: tuple[str, ...]
    """Platforms with several distinct outputs over their sessions, sorted by name."""
    missing: tuple[Missing, ...]
    """Sorted by platform name."""
    dendrogram: Branch | None
    notes: tuple[str, ...] = ()
    """What a reader must know, e.g. that the outputs differ in type or shape."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)


@dataclass(frozen=True)
class TableCell:
    """One platform in one partition, ready to be shown."""

    number: int | None
    """The class number; ``None`` where the platform is missing."""
    nondeterministic: bool = False
    first: bool = False
    """The class appears here for the first time in the platforms' order."""
    repeated: bool = False
    """Equal to the cell on the left, which is of the same workload and variant."""
    footnote: int | None = None
    """From 1, into ``ClassTable.footnotes``: why the platform is missing."""


@dataclass(frozen=True)
class ClassTable:
    """Platforms x partitions. ``rows[i][j]`` is platform ``i`` in ``columns[j]``."""

    platforms: tuple[str, ...]
    columns: tuple[tuple[str, str, str, str], ...]
    """Keys of the partitions: (workload, input, variant, output)."""
    letters: tuple[str, ...]
    """A short name of each column: a, b, … z, aa, …"""
    rows: tuple[tuple[TableCell | None, ...], ...]
    """``None``: neither observed nor planned."""
    footnotes: tuple[str, ...]


@dataclass(frozen=True)
class Variation:
    """A cell whose sessions disagreed: the set of its outputs, with counts."""

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
    """``len(variations)`` of ``judged`` (cell, output) pairs vary between sessions."""

    cells: int
    """(cell, output) pairs with at least one good session."""
    judged: int
    """Those with two sessions or more; one session shows nothing about determinism."""
    variations: tuple[Variation, ...]


@dataclass(frozen=True)
class LayerRow:
    """One layer, compared over all platforms."""

    index: int
    name: str
    operation: str | None
    platforms: int
    """Platforms that gave this layer."""
    classes: int
    remaining_precision: int | None
    splits: bool
    """Platforms together in the layer before part here."""
    merges: bool
    """Platforms apart in the layer before are together here."""


@dataclass(frozen=True)
class LayerProfile:
    """Classes and precision of one (workload, input, variant), layer by layer."""

    workload: str
    input: str
    variant: str
    rows: tuple[LayerRow, ...]
    """By index."""
    first_parting: str | None
    """Name of the first layer with more than one class."""


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
    rehearsal: bool = False
    isolation: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """``name@digest`` of the images it ran."""
    fingerprints: tuple[str, ...] = ()
    """Digests of all fingerprints seen; the fields above are of the first."""
    fingerprint_known: bool = False
    unknown: tuple[str, ...] = ()
    """What the probe could not read, and why: ``cpu.microcode: not readable …``."""
    notes: tuple[str, ...] = ()
    """What a reader must know before trusting a row."""


@dataclass(frozen=True)
class Measurement:
    """How the outputs of one variant were made: what the framework said of itself."""

    variant: str
    framework: str | None
    version: str | None
    device: str | None
    isa: str | None
    """What the libraries chose, e.g. ``openblas=SkylakeX``."""
    threads: str | None
    mode: str | None
    platforms: tuple[str, ...]
    sessions: int


@dataclass(frozen=True)
class Summary:
    """Everything a report shows, computed."""

    experiments: tuple[str, ...]
    runs: tuple[str, ...]
    first_recorded: str | None
    last_recorded: str | None
    strict: bool
    observations: int
    platforms: tuple[PlatformInfo, ...]
    common_flags: tuple[tuple[str, int], ...]
    """(architecture, number of CPU flags that all its platforms have)."""
    partitions: tuple[Partition, ...]
    table: ClassTable
    determinism: Determinism
    layers: tuple[LayerProfile, ...]
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountedPlatform:
    """One place on the axis, and what is known of its hardware."""

    name: str
    vendor: str | None
    generation: str | None
    cores: int | None


@dataclass(frozen=True)
class CountCurve:
    """One partition. ``counts[i]`` are the classes among the first ``i + 1`` platforms."""

    workload: str
    input: str
    variant: str
    output: str
    counts: tuple[int, ...]
    numbers: tuple[int | None, ...]
    """The class number of each platform; ``None`` where it gave no output."""


@dataclass(frozen=True)
class ClassCounts:
    """Partitions that have platforms in common, over one axis."""

    platforms: tuple[CountedPlatform, ...]
    """By vendor, age of the generation and cores."""
    curves: tuple[CountCurve, ...]
