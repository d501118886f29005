"""The decision tree with the fewest leaves over a few cases, exactly where that is affordable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_STATES = 3_000


@dataclass(frozen=True)
class Split:
    """A test, as the set (bit mask) of the cases that pass it."""

    mask: int


@dataclass(frozen=True)
class Tree:
    """A leaf with a class ``number``, or a test with what follows."""

    number: int = 0
    split: int | None = None
    yes: Tree | None = None
    no: Tree | None = None


def smallest_tree(splits: Sequence[Split], numbers: Sequence[int]) -> tuple[Tree, bool]:
    """A tree that sorts every case (bit ``i`` for ``numbers[i]``), and whether it is smallest.

    Fewest leaves; of these the one whose earliest tests come first in ``splits``. Beyond a few
    thousand sets of cases it is grown greedily instead. Any two cases of different ``numbers``
    must be told apart by a split.
    """
    search = _Search([split.mask for split in splits], numbers)
    everything = (1 << len(numbers)) - 1
    try:
        search.least(everything)
    except _TooManyError:
        return search.grown(everything), False
    return search.tree(everything), True


class _TooManyError(Exception):
    pass


class _Search:
    def __init__(self, masks: Sequence[int], numbers: Sequence[int]) -> None:
        self.masks = masks
        self.numbers = numbers
        self.of_class: dict[int, int] = {}
        for case, number in enumerate(numbers):
            self.of_class[number] = self.of_class.get(number, 0) | 1 << case
        self.known: dict[int, tuple[int, int]] = {}

    def least(self, cases: int) -> int:
        """Leaves of the smallest tree over ``cases``; remembers the split it begins with."""
        classes = self.classes(cases)
        if classes == 1:
            return 1
        if cases in self.known:
            return self.known[cases][0]
        if len(self.known) > _STATES:
            raise _TooManyError
        best, first = 1 << 30, -1
        for split, mask in enumerate(self.masks):
            yes, no = cases & mask, cases & ~mask
            # Each side needs a leaf per class: where that is no better, look no further.
            if not yes or not no or self.classes(yes) + self.classes(no) >= best:
                continue
            leaves = self.least(yes)
            if leaves + self.classes(no) < best:
                leaves += self.least(no)
                if leaves < best:
                    best, first = leaves, split
            if best == classes:
                break
        self.known[cases] = best, first
        return best

    def tree(self, cases: int) -> Tree:
        if self.classes(cases) == 1:
            return self.leaf(cases)
        self.least(cases)
        split = self.known[cases][1]
        mask = self.masks[split]
        return Tree(split=split, yes=self.tree(cases & mask), no=self.tree(cases & ~mask))

    def grown(self, cases: int) -> Tree:
        """Grown greedily: each test leaves as few classes as possible on both sides."""
        if self.classes(cases) == 1:
            return self.leaf(cases)
        useful = [split for split, mask in enumerate(self.masks) if cases & mask and cases & ~mask]
        split = min(useful, key=lambda split: (*self.badness(cases, self.masks[split]), split))
        mask = self.masks[split]
        return Tree(split=split, yes=self.grown(cases & mask), no=self.grown(cases & ~mask))

    def badness(self, cases: int, mask: int) -> tuple[int, int]:
        yes, no = cases & mask, cases & ~mask
        larger = max(self.classes(yes), self.classes(no))
        return self.classes(yes) + self.classes(no), larger

    def leaf(self, cases: int) -> Tree:
        return Tree(self.numbers[(cases & -cases).bit_length() - 1])

    def classes(self, cases: int) -> int:
        return sum(1 for members in self.of_class.values() if members & cases)
