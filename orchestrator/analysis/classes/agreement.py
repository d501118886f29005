"""Two partitions of the same members, compared by membership: who is with whom in both.

Classes of two experiments have no common numbers and their outputs no common bits, if the
software or the model is another one. What can be compared is, for every pair of members, whether
they are in one class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb

Classes = Mapping[str, Hashable]
"""The class of each member."""


@dataclass(frozen=True)
class Agreement:
    """How far two partitions agree on the members that both have."""

    members: tuple[str, ...]
    """In the order of the first partition."""
    together: int
    """Pairs of members that are in one class in both partitions."""
    apart: int
    """Pairs that are in two classes in both."""
    only_first: int
    """Pairs that are in one class in the first and in two in the second."""
    only_second: int
    """Pairs that are in two classes in the first and in one in the second."""
    adjusted_rand: Fraction | None
    """1 for equal partitions, 0 as by chance; ``None`` where chance alone gives equal ones, as for
    a single class. Hubert, L., Arabie, P.: Comparing Partitions, Journal of Classification 2
    (1985), 193-218."""
    classes: tuple[tuple[Hashable, Hashable, tuple[str, ...]], ...]
    """The members of each class of the first and class of the second that have some in common, by
    first appearance: partitions are equal where no class appears in two lines."""

    @property
    def pairs(self) -> int:
        """Of members."""
        return self.together + self.apart + self.only_first + self.only_second

    @property
    def rand(self) -> Fraction | None:
        """The share of pairs on which both agree; ``None`` of fewer than two members."""
        return Fraction(self.together + self.apart, self.pairs) if self.pairs else None


def agreement(first: Classes, second: Classes) -> Agreement:
    """Compare ``first`` with ``second`` on the members that both have."""
    members = tuple(name for name in first if name in second)
    common: dict[tuple[Hashable, Hashable], list[str]] = {}
    for name in members:
        common.setdefault((first[name], second[name]), []).append(name)
    together = _pairs(map(len, common.values()))
    in_first = _pairs(Counter(first[name] for name in members).values())
    in_second = _pairs(Counter(second[name] for name in members).values())
    every = _pairs([len(members)])
    return Agreement(
        members,
        together,
        every - in_first - in_second + together,
        in_first - together,
        in_second - together,
        _adjusted_rand(together, in_first, in_second, every),
        tuple((one, other, tuple(names)) for (one, other), names in common.items()),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(comb(size, 2) for size in sizes)


def _adjusted_rand(together: int, first: int, second: int, every: int) -> Fraction | None:
    """Of the pairs that are together in both, in each, and of all pairs."""
    if not every:
        return None
    expected, most = Fraction(first * second, every), Fraction(first + second, 2)
    return (together - expected) / (most - expected) if most != expected else None
