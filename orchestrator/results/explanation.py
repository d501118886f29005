"""Which attributes of platforms explain the classes of a partition; standard library only.

A *cluster* is a group of attributes that separate the platforms in the same way, so that the
observations cannot decide between them. A *minimal set* has as few clusters as possible such that
platforms with equal values in all of them are always in the same class.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AttributeValue = str | int | bool | None


class Kind(StrEnum):
    """The kind of an attribute."""

    FLAG = "flag"
    """A CPU flag."""
    VENDOR = "vendor"
    """Vendor, instruction-set architecture, hypervisor, emulation, masks."""
    CORES = "cores"
    THREADS = "threads"
    CACHE = "cache"
    """Bytes of the level-1 data cache. Libraries divide their loops to fit it, which determines the
    order of sums: TensorFlow's convolutions differ between 32 and 48 KiB on the same CPU."""
    ISA = "isa"
    """The instruction set that a library reports to have chosen."""
    SOFTWARE = "software"
    """Versions of framework, libraries, image."""
    GPU = "gpu"
    """GPU, driver, CUDA."""
    ENVIRONMENT = "environment"
    """Environment variables and settings of the variant."""
    IDENTITY = "identity"
    """What identifies the hardware as a whole (generation, model, larger caches, …). It explains
    nearly any classes, since it implies every other property of the hardware."""


MECHANISMS = frozenset(Kind) - {Kind.IDENTITY}
"""The kinds of attributes that can be a cause, rather than a name for hardware."""


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
    """One class of the partition."""

    number: int
    id: str
    platforms: tuple[str, ...]


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
    """Why the platforms of one partition fall into its classes."""

    workload: str
    input: str
    variant: str
    output: str
    classes: tuple[ExplainedClass, ...]
    answers: tuple[Answer, ...]
    """The first is over the mechanisms (or the kinds asked for). A second one also uses attributes
    that identify hardware, where that needs fewer attributes or has fewer contradictions."""
    outliers: tuple[Outlier, ...]
    undescribed: tuple[Undescribed, ...]
    notes: tuple[str, ...] = ()


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
