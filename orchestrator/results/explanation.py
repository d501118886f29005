"""Which attributes of platforms explain the classes of a partition; standard library only.

A *cluster* is a group of attributes that separate the platforms in the same way, so that the
observations cannot decide between them. A *minimal set* has as few clusters as possible such that
platforms with equal values in all of them are always in the same class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.results.parting import Parting, Unparted

if TYPE_CHECKING:
    # It is made of the types below.
    from orchestrator.results.confirmation import Confirmation

AttributeValue = str | int | bool | None


class Origin(StrEnum):
    """Where an attribute comes from: what it may say about the cause of a class (ADR 16)."""

    HARDWARE = "hardware"
    """A property of the machine: a cause."""
    SETTING = "setting"
    """What was asked for or installed (threads, flags, variables, masks, versions): a cause."""
    CHOICE = "choice"
    """What the framework says it chose: an effect of the causes, between them and the classes."""
    IDENTITY = "identity"
    """What merely names a platform: it implies every other property, so it explains nothing."""


class Kind(StrEnum):
    """The kind of an attribute; ``ORIGINS`` has the origin of each."""

    FLAG = "flag"
    """A CPU flag."""
    VENDOR = "vendor"
    """Vendor and instruction-set architecture."""
    CORES = "cores"
    THREADS = "threads"
    """How many threads the framework says it took."""
    CACHE = "cache"
    """Bytes of the level-1 data cache. Libraries divide their loops to fit it, which determines the
    order of sums: TensorFlow's convolutions differ between 32 and 48 KiB on the same CPU."""
    APPROXIMATION = "approximation"
    """Who made the units of a group of approximate instructions (RCPPS, FSIN, …): their bits are
    the maker's choice, and QEMU has its own."""
    KERNEL = "kernel"
    """What computed one layer, where the name of its kernels tells the algorithm."""
    ISA = "isa"
    """The instruction set that a library reports to have chosen."""
    SOFTWARE = "software"
    """Versions of framework, libraries, image."""
    GPU = "gpu"
    """GPU, driver, CUDA."""
    SETTING = "setting"
    """What the variant and the platform asked of the framework: threads, batch, flags, mask, …"""
    ENVIRONMENT = "environment"
    """Environment variables."""
    IDENTITY = "identity"
    """What identifies a platform as a whole (generation, model, larger caches, provider, emulated
    CPU, hypervisor, image, …). It explains nearly any classes, since it implies every other
    property of the platform."""


ORIGINS: Mapping[Kind, Origin] = {
    Kind.FLAG: Origin.HARDWARE,
    Kind.VENDOR: Origin.HARDWARE,
    Kind.CORES: Origin.HARDWARE,
    Kind.CACHE: Origin.HARDWARE,
    Kind.APPROXIMATION: Origin.HARDWARE,
    Kind.GPU: Origin.HARDWARE,
    Kind.SOFTWARE: Origin.SETTING,
    Kind.SETTING: Origin.SETTING,
    Kind.ENVIRONMENT: Origin.SETTING,
    Kind.ISA: Origin.CHOICE,
    Kind.KERNEL: Origin.CHOICE,
    Kind.THREADS: Origin.CHOICE,
    Kind.IDENTITY: Origin.IDENTITY,
}
CAUSES = frozenset(kind for kind in Kind if ORIGINS[kind] in (Origin.HARDWARE, Origin.SETTING))
"""The kinds of attributes that can be a cause."""
CHOICES = frozenset(kind for kind in Kind if ORIGINS[kind] is Origin.CHOICE)
MECHANISMS = CAUSES | CHOICES
"""All but those that merely name a platform."""


class Certainty(StrEnum):
    """How certain a prediction is, the most certain first."""

    SEEN = "seen"
    """A platform was observed that has the machine's values in every cluster used."""
    AGREED = "agreed"
    """The machine's combination was observed for every minimal set, and all give one class."""
    PARTIAL = "partial"
    """The combination was observed for some minimal sets only, and these give one class."""
    EXTRAPOLATED = "extrapolated"
    """The combination was observed for no minimal set; only the rules give a class."""
    NONE = "none"
    """The minimal sets give different classes, or none."""


@dataclass(frozen=True)
class ExplainedClass:
    """One class of the partitions explained; their ids are in ``ExplainedPartition``."""

    number: int
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class ExplainedPartition:
    """A partition that an explanation is of."""

    workload: str
    input: str
    variant: str
    output: str
    ids: tuple[str, ...]
    """The id of each class, in the order of ``Explanation.classes``."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)


@dataclass(frozen=True)
class Cluster:
    """Attributes that separate the platforms in exactly the same way."""

    members: tuple[str, ...]
    """The attributes' names, likeliest cause first; rules use ``members[0]``."""
    kinds: tuple[Kind, ...]
    """The kind of each member."""
    combinations: tuple[tuple[AttributeValue, ...], ...]
    """Every observed combination: one value per member. A value of a member occurs in one
    combination only."""
    cost: int
    """How unlikely ``members[0]`` is a cause: 0 for the likeliest kind, higher for others."""


@dataclass(frozen=True)
class Case:
    """One combination of a minimal set, and the platforms that have it."""

    combinations: tuple[int, ...]
    """For each cluster, an index into ``Cluster.combinations``."""
    class_number: int
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class MinimalSet:
    """A smallest set of clusters that determines the classes."""

    clusters: tuple[Cluster, ...]
    """Likeliest cause first."""
    cases: tuple[Case, ...]

    @property
    def cost(self) -> int:
        """Sum of the clusters' costs; the smallest is the likeliest cause."""
        return sum(cluster.cost for cluster in self.clusters)


@dataclass(frozen=True)
class Condition:
    """One comparison in a rule."""

    attribute: str
    operator: str
    """``has`` and ``lacks`` (flags, no value), ``<=`` and ``>`` (numbers), ``=`` and ``!=``."""
    value: AttributeValue = None


@dataclass(frozen=True)
class Rule:
    """The rule that platforms fulfilling all ``conditions`` are in the class."""

    conditions: tuple[Condition, ...]
    class_number: int
    platforms: tuple[str, ...]
    """Platforms that fulfil the conditions and are in the class: the rule's support."""
    contradicting: tuple[str, ...] = ()
    """Platforms that fulfil the conditions and are in another class."""
    choices: tuple[tuple[str, tuple[AttributeValue, ...]], ...] = ()
    """(attribute of a ``Link``, its values on ``platforms``): what the framework chose there."""


@dataclass(frozen=True)
class Link:
    """A choice of the framework that stands between the causes of a set and the classes.

    Platforms with equal causes made the same choice; and all of a class made the same, or all
    with the same choice are in one class.
    """

    attribute: str
    kind: Kind
    values: tuple[tuple[AttributeValue, tuple[int, ...]], ...]
    """(value, numbers of the classes of the platforms that chose it)."""

    @property
    def determines(self) -> bool:
        """Whether the choice alone determines the classes."""
        return all(len(numbers) == 1 for _, numbers in self.values)


@dataclass(frozen=True)
class Contradiction:
    """Platforms with equal values in all attributes used, yet in different classes."""

    groups: tuple[tuple[int, tuple[str, ...]], ...]
    """(class number, platforms)."""
    kept: int | None = None
    """The class of more than half of the platforms (two at least): these enter the minimal sets,
    the others are left out. ``None``: there is no such class, and all are left out."""


@dataclass(frozen=True)
class Answer:
    """The minimal sets over attributes of some kinds."""

    kinds: tuple[Kind, ...]
    attributes: int
    """Number of attributes that differ between platforms; the others cannot explain classes."""
    clusters: int
    """Number of clusters into which these attributes fall."""
    sets: tuple[MinimalSet, ...]
    """Likeliest cause first; ``sets[0].clusters`` is empty where there is one class only."""
    complete: bool
    """Whether ``sets`` has all minimal sets; else a limit of number or time ended the search."""
    proven: bool
    """Whether it is proven that no smaller set exists; false only if the search ran out of time."""
    rules: tuple[Rule, ...]
    """A decision tree over ``sets[0]``: one rule per leaf."""
    rules_smallest: bool
    """Whether no decision tree over ``sets[0]`` has fewer leaves; else it was built greedily."""
    contradictions: tuple[Contradiction, ...]
    """Contradicting platforms; all but clear majorities (``kept``) are left out of the sets."""
    unused: tuple[tuple[str, int], ...]
    """(attribute, number of platforms where its value is not known): such attributes are left
    out."""
    links: tuple[Link, ...] = ()
    """Choices between ``sets[0]`` and the classes; none where choices are among ``kinds``."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The origins of ``kinds``."""
        return tuple(one for one in Origin if any(ORIGINS[kind] is one for kind in self.kinds))


@dataclass(frozen=True)
class Outlier:
    """A platform in another class than the platforms with equal hardware, its twins."""

    platform: str
    class_number: int
    expected: int
    """The class of most twins."""
    twins: tuple[str, ...]
    """Platforms of class ``expected`` that are equal in ``shared``."""
    others: tuple[str, ...]
    """Further twins, in neither of the two classes; each is an outlier, too, or in a minority."""
    shared: tuple[tuple[str, AttributeValue], ...]
    """(attribute, value) of all attributes that explain the classes."""
    differs_in: tuple[str, ...]
    """Attributes of ``MECHANISMS`` in which it differs from every twin: the likeliest causes."""


@dataclass(frozen=True)
class Undescribed:
    """A platform that is left out because its attributes are not known."""

    platform: str
    class_number: int
    reason: str


@dataclass(frozen=True)
class Explanation:
    """Why platforms fall into these classes, in every partition that has them."""

    partitions: tuple[ExplainedPartition, ...]
    """At least one; the platforms that matter have the same attributes in all of them."""
    classes: tuple[ExplainedClass, ...]
    answers: tuple[Answer, ...]
    """The first is over the causes (or the kinds asked for). Where these leave platforms of
    different classes equal, one that has the framework's choices, too, follows, and last one with
    what merely names the platforms; each only if it tells more platforms apart."""
    outliers: tuple[Outlier, ...]
    undescribed: tuple[Undescribed, ...]
    notes: tuple[str, ...] = ()
    partings: tuple[Parting | Unparted, ...] = ()
    """Of each class after the first, the first operator that parts it from the first one, in the
    first of ``partitions``; none where no layers were recorded."""
    confirmation: Confirmation | None = None
    """What experiments said of it; ``None``: none was made."""

    def class_id(self, number: int, place: int = 0) -> str:
        """The id of a class in one of ``partitions``."""
        numbers = [group.number for group in self.classes]
        return self.partitions[place].ids[numbers.index(number)]


def deciding(answers: Sequence[Answer]) -> Answer:
    """The answer that outliers and predictions rest on: the last that needs no mere name.

    Raises ``IndexError`` where there is none.
    """
    without = [answer for answer in answers if Kind.IDENTITY not in answer.kinds]
    return (without or answers[:1])[-1]


@dataclass(frozen=True)
class Prediction:
    """The class in which a machine is expected; number and id are ``None`` without one."""

    class_number: int | None
    class_id: str | None
    certainty: Certainty
    support: tuple[str, ...]
    """Observed platforms with the machine's combination, for a minimal set that gives the class."""
    agreeing: int
    """Number of minimal sets that give the class."""
    sets: int
    """Number of all minimal sets."""
    votes: tuple[tuple[int, int], ...]
    """(class number, number of minimal sets that give it)."""
    unseen: tuple[str, ...]
    """Text for people on what was never observed: a value, or a combination within a cluster."""
