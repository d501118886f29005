"""How far two outputs are apart: from their precision chains, and from tensors where stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TypeVar

import numpy as np

from orchestrator.analysis.classes.consequences import (
    Tensor,
    Tensors,
    label_flips,
    largest_errors,
    ulp_histogram,
)
from orchestrator.results.consequences import Consequences, Flips, Outcome
from orchestrator.results.distance import Distance
from orchestrator.results.floats import FORMATS, Bits, as_values, bits_of
from orchestrator.results.partitions import EqClass, Partition
from orchestrator.results.tensor_file import COMPLEX, MANTISSA_BITS

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two outputs side by side, with what a tolerance is judged by."""

    distance: Distance
    agreed: int | None = None
    """As ``distance.bits``, but -1 where sign, exponent, type or shape differ."""
    tensors: tuple[Tensor, Tensor] | None = None
    """(baseline's, current) of one shape, and of one type or two types of floats."""


def compared(before: EqClass, after: EqClass, tensors: Tensors | None) -> Comparison:
    """Compare the output of a class of the baseline with that of a current class.

    A class of several outputs (``strict``) has none that could be compared.
    """
    unknown = []
    agreed, of_bits = _by_chains(before, after)
    first, second = _tensor(before, tensors), _tensor(after, tensors)
    for side, group, tensor in (("baseline", before, first), ("current", after, second)):
        if not group.digests:
            unknown.append(f"the digest of {group.id} is not known: the {side} does not hold it")
        elif tensor is None:
            unknown.append(f"no tensor of {group.id} ({side}) is stored")
    if first is not None and second is not None:
        return _by_tensors(first, second, agreed, of_bits)
    if agreed is None:
        unknown = [*_chainless(before, after), *unknown]
    return Comparison(Distance(_shown(agreed), of_bits, unknown=tuple(unknown)), agreed)


def with_distances(
    partitions: Iterable[Partition], found: Iterable[Consequences]
) -> tuple[tuple[Partition, ...], int]:
    """``partitions`` with how far their classes are apart at most, where ``found`` says.

    Also: of how many that have several classes it does not.
    """
    distances = {one.key: one for one in found if one.pairs}
    measured = tuple(
        replace(one, apart=furthest(one, distances[one.key])) if one.key in distances else one
        for one in partitions
    )
    several = [one for one in measured if len(one.classes) > 1]
    return measured, sum(one.key not in distances for one in several)


def furthest(partition: Partition, found: Consequences) -> Distance:
    """How far the classes of ``partition`` are apart at most, over the pairs in ``found``."""
    measured = [pair for pair in found.pairs if pair.outcome is Outcome.COMPARED]
    absent = [one.number for one in found.margins if one.outcome is Outcome.NO_TENSOR]
    unknown = []
    if absent:
        unknown.append(f"no tensor of class {', '.join(map(str, absent))} is stored")
    if any(pair.outcome is Outcome.OTHER_TYPE for pair in found.pairs):
        unknown.append("types or shapes differ")
    scores = all(_is_matrix(group.type) for group in partition.classes)
    ulps = [pair.ulps for pair in measured if pair.ulps is not None]
    return Distance(
        partition.remaining_precision,
        partition.mantissa_bits,
        _most(pair.largest_absolute for pair in measured),
        _most(pair.largest_relative for pair in measured),
        _most(one.largest for one in ulps),
        max((one.unordered for one in ulps), default=0),
        _most_flips(pair.flips for pair in measured) if scores else None,
        tuple(unknown),
        measured=bool(measured),
    )


def _tensor(group: EqClass, tensors: Tensors | None) -> Tensor | None:
    if tensors is None or len(group.digests) != 1:
        return None
    return tensors(group.digests[0])


def _by_chains(before: EqClass, after: EqClass) -> tuple[int | None, int | None]:
    """(bits agreed on, -1 where not even D0 is equal; bits of the shorter chain)."""
    if before.links is None or after.links is None:
        return None, None
    one, other = _links(before.links), _links(after.links)
    pairs = zip(one, other, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return common - 1, min(len(one), len(other)) - 1


def _links(links: bytes) -> list[bytes]:
    return [links[start : start + 8] for start in range(0, len(links), 8)]


def _chainless(before: EqClass, after: EqClass) -> Iterable[str]:
    if before.type is None and before.links is None:
        yield "bits are not known: the baseline has no chains"
    elif after.type is None and after.links is None:
        yield "bits are not known: the current side has no chains"
    elif all(str(group.type).partition("[")[0] in FORMATS for group in (before, after)):
        yield "bits are not known: an output was stored without its chain"


def _by_tensors(
    first: Tensor, second: Tensor, agreed: int | None, of_bits: int | None
) -> Comparison:
    one, other = _type(first), _type(second)
    floats = first[0] in FORMATS and second[0] in FORMATS
    floats &= (first[0] in COMPLEX) == (second[0] in COMPLEX)
    if first[1] != second[1] or (first[0] != second[0] and not floats):
        distance = Distance(
            _shown(agreed), of_bits, unknown=(f"type or shape differs: {one} and {other}",)
        )
        return Comparison(distance, agreed)
    if floats:
        agreed, of_bits = _agreed(first, second)
    absolute, relative = largest_errors(first, second)
    distance = Distance(
        _shown(agreed),
        of_bits,
        absolute,
        relative,
        flips=label_flips(first, second) if len(first[1]) == 2 else None,
        measured=True,
    )
    if first[0] != second[0]:
        values = [as_values(dtype, array) for dtype, _, array in (first, second)]
        distance = replace(
            distance,
            unordered=int((np.isnan(values[0]) | np.isnan(values[1])).sum()),
            unknown=(f"two types have no common ULP: {one} and {other}",),
        )
    elif floats:
        left, right = bits_of(first[0], first[2]), bits_of(second[0], second[2])
        ulps = ulp_histogram(first[0], left, right)
        distance = replace(distance, largest_ulps=ulps.largest, unordered=ulps.unordered)
    return Comparison(distance, agreed, (first, second))


def _agreed(first: Tensor, second: Tensor) -> tuple[int, int]:
    """As ``_by_chains``, from tensors of one shape; two types after exact widening."""
    of_bits = min(MANTISSA_BITS[first[0]], MANTISSA_BITS[second[0]])
    dtype = first[0]
    if dtype == second[0]:
        left, right = bits_of(dtype, first[2]), bits_of(dtype, second[2])
    else:
        dtype = "float64"
        left, right = _widened(first), _widened(second)
    differing = int(np.bitwise_xor(left, right).max(initial=0))
    mantissa = MANTISSA_BITS[dtype]
    return max(-1, min(of_bits, mantissa - differing.bit_length())), of_bits


def _widened(tensor: Tensor) -> Bits:
    return bits_of("float64", as_values(tensor[0], tensor[2]))


def _shown(agreed: int | None) -> int | None:
    return None if agreed is None else max(0, agreed)


def _type(tensor: Tensor) -> str:
    return f"{tensor[0]}[{','.join(map(str, tensor[1]))}]"


def _is_matrix(type_: str | None) -> bool:
    return type_ is not None and type_.count(",") == 1


def _most_flips(flips: Iterable[Flips | None]) -> Flips | None:
    known = [one for one in flips if one is not None]
    return max(known, key=lambda one: one.flipped, default=None)


def _most(values: Iterable[Number | None]) -> Number | None:
    return max((value for value in values if value is not None), default=None)
