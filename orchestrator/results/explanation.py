"""What explains the classes of a partition, as plain frozen values; standard library only.

A *cluster* is a group of attributes that tell the same platforms apart, so that these
observations cannot say which of them matters. A *minimal set* holds as few clusters as possible
such that platforms that agree on all of them are always in the same class.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AttributeValue = str | int | bool | None


class Kind(StrEnum):
    """What sort of attribute it is."""

    FLAG = "flag"
    """A CPU flag."""
    VENDOR = "vendor"
    """Vendor, instruction-set architecture, hypervisor, emulation, masks."""
    CORES = "cores"
    THREADS = "threads"
    CACHE = "cache"
    """Bytes of the first data cache: libraries cut their loops to fit it, and so the order of
    sums. TensorFlow's convolutions differ between 32 and 48 KiB on one and the same CPU."""
    ISA = "isa"
    """The instruction set a library says it chose."""
    SOFTWARE = "software"
    """Versions of framework, libraries, image."""
    GPU = "gpu"
    """GPU, driver, CUDA."""
    ENVIRONMENT = "environment"
    """Environment variables and settings of the variant."""
    IDENTITY = "identity"
    """What names the hardware as a whole (generation, model, larger caches, …): it explains
    nearly anything, since it stands for all that the hardware has."""


MECHANISMS = frozenset(Kind) - {Kind.IDENTITY}
"""The kinds that can themselves be a cause."""


class Certainty(StrEnum):
    """How sure a prediction is, from the surest."""

    SEEN = "seen"
    """A platform equal in every cluster that takes part was observed."""
    AGREED = "agreed"
    """Every minimal set has seen its combination, and all name one class."""
    PARTIAL = "partial"
    """Some minimal sets have not seen their combination; the others name one class."""
    EXTRAPOLATED = "extrapolated"
    """No minimal set has seen its combination; only the rules reach this far."""
    NONE = "none"
    """The minimal sets name different classes, or nothing can be said."""


@dataclass(frozen=True)
class ExplainedClass:
    """One class of the partition."""

    number: int
    id: str
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """Attributes that tell exactly the same platforms apart."""

    members: tuple[str, ...]
    """Likeliest cause first; ``members[0]`` stands for all in rules."""
    kinds: tuple[Kind, ...]
    """By member."""
    combinations: tuple[tuple[AttributeValue, ...], ...]
    """Every combination that was seen: the value of each member. A member's value occurs in
    one combination only."""
    cost: int
    """Of ``members[0]``: 0 for the likeliest kind of cause (``analysis.likelihood``)."""


@dataclass(frozen=True)
class Case:
    """One combination of a minimal set, and the platforms that have it."""

    combinations: tuple[int, ...]
    """By cluster: row of ``Cluster.combinations``."""
    class_number: int
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class MinimalSet:
    """As few clusters as determine the classes."""

    clusters: tuple[Cluster, ...]
    """Likeliest cause first."""
    cases: tuple[Case, ...]

    @property
    def cost(self) -> int:
        """Sum over the clusters: the smaller, the likelier a cause."""
        return sum(cluster.cost for cluster in self.clusters)


@dataclass(frozen=True)
class Condition:
    """One test of a rule."""

    attribute: str
    operator: str
    """``has`` and ``lacks`` (flags, no value), ``<=`` and ``>`` (numbers), ``=`` and ``!=``."""
    value: AttributeValue = None


@dataclass(frozen=True)
class Rule:
    """Platforms that fulfil all ``conditions`` are in the class."""

    conditions: tuple[Condition, ...]
    class_number: int
    platforms: tuple[str, ...]
    """Those that fulfil the conditions and are in the class: the rule's support."""
    contradicting: tuple[str, ...] = ()
    """Those that fulfil the conditions and are in another class."""


@dataclass(frozen=True)
class Contradiction:
    """Platforms equal in every attribute that takes part, yet in different classes."""

    groups: tuple[tuple[int, tuple[str, ...]], ...]
    """(class number, platforms)."""
    kept: int | None = None
    """The class of more than half of them, two at least: these take part in the minimal sets,
    the others do not. ``None``: there is none, and none of them takes part."""


@dataclass(frozen=True)
class Answer:
    """The minimal sets over attributes of some kinds."""

    kinds: tuple[Kind, ...]
    attributes: int
    """Attributes that differ between platforms, hence can explain something."""
    clusters: int
    """Those attributes, the indistinguishable ones taken together."""
    sets: tuple[MinimalSet, ...]
    """Ranked; ``sets[0].clusters`` is empty where there is one class only."""
    complete: bool
    """``sets`` holds all minimal sets; else a limit or the time ended the search."""
    proven: bool
    """No smaller set exists; false only where the time ended the search."""
    rules: tuple[Rule, ...]
    """A decision tree over ``sets[0]``, leaf by leaf."""
    rules_smallest: bool
    """No decision tree over ``sets[0]`` has fewer leaves; else it was grown greedily."""
    contradictions: tuple[Contradiction, ...]
    """Left out of the minimal sets but for clear majorities, so that these explain the rest."""
    unused: tuple[tuple[str, int], ...]
    """(attribute, platforms that do not know it): not known everywhere, so left out."""


@dataclass(frozen=True)
class Outlier:
    """A platform whose output differs from that of all its hardware twins."""

    platform: str
    class_number: int
    expected: int
    """The class of most twins."""
    twins: tuple[str, ...]
    """Platforms in ``expected`` that are equal in ``shared``."""
    others: tuple[str, ...]
    """Further twins, in neither class; each is a suspect too, or in a minority."""
    shared: tuple[tuple[str, AttributeValue], ...]
    """(attribute, value) of everything that explains the classes."""
    differs_in: tuple[str, ...]
    """Mechanisms in which the suspect differs from every twin: look there first."""


@dataclass(frozen=True)
class Undescribed:
    """A platform whose attributes are not known, so that it takes no part."""

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
    """First over the mechanisms (or the kinds that were asked for); a second one, with what
    identifies hardware, only where that needs fewer attributes or contradicts less."""
    outliers: tuple[Outlier, ...]
    undescribed: tuple[Undescribed, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """Which class a machine should fall into."""

    class_number: int | None
    class_id: str | None
    certainty: Certainty
    support: tuple[str, ...]
    """Observed platforms that share the combination of a set that names the class."""
    agreeing: int
    """Minimal sets that name the class."""
    sets: int
    """Minimal sets there are."""
    votes: tuple[tuple[int, int], ...]
    """(class number, minimal sets that name it)."""
    unseen: tuple[str, ...]
    """What was never observed, for people: a value, or members of a cluster that disagree."""
