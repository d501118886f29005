"""What settings do to the outputs: how far they are from those before, and labels that flip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.agree.observing import Output
from orchestrator.analysis.classes.consequences import Tensors
from orchestrator.analysis.classes.distance import compared
from orchestrator.results.distance import Distance
from orchestrator.results.partitions import EqClass

Digests = Mapping[Output, str]


def change(
    pairs: Iterable[tuple[Digests, Digests]], tensors: Tensors
) -> tuple[Distance | None, tuple[int, int] | None]:
    """The largest distance, and (labels that flip, labels), over outputs (before, after).

    Each pair is of one platform. Equal outputs of several platforms count once; labels are those
    of outputs that differ. ``None``: nothing changed, and no output has labels.
    """
    differing = {
        (before[output], after[output])
        for before, after in pairs
        for output in before.keys() & after.keys()
        if before[output] != after[output]
    }
    distances = [
        compared(_alone(before), _alone(after), tensors).distance
        for before, after in sorted(differing)
    ]
    if not distances:
        return None, None
    labels = [one.flips for one in distances if one.flips is not None]
    flips = None
    if labels:
        flips = sum(one.flipped for one in labels), sum(one.rows for one in labels)
    return _furthest(distances), flips


def _alone(digest: str) -> EqClass:
    return EqClass(digest[:12], 1, (), (digest,))


def _furthest(distances: list[Distance]) -> Distance:
    """Each number is the largest of all, wherever it is known."""

    def most(name: str) -> float | None:
        known = [getattr(one, name) for one in distances if getattr(one, name) is not None]
        return max(known, default=None)

    bits = [one.bits for one in distances if one.bits is not None]
    of_bits = [one.of_bits for one in distances if one.of_bits is not None]
    ulps = most("largest_ulps")
    said = dict.fromkeys(text for one in distances for text in one.unknown)
    return Distance(
        bits=min(bits, default=None),
        of_bits=min(of_bits, default=None),
        largest_absolute=most("largest_absolute"),
        largest_relative=most("largest_relative"),
        largest_ulps=None if ulps is None else int(ulps),
        unordered=max(one.unordered for one in distances),
        # Chains are not looked at here: bits are those of the tensors.
        unknown=tuple(text for text in said if not text.startswith("bits are not known")),
        measured=any(one.measured for one in distances),
    )
