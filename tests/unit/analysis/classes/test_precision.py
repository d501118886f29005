"""Remaining precision from chains against brute force on the raw bits."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.classes.precision import (
    dendrogram,
    linkage,
    pairwise,
    remaining_precision,
)
from orchestrator.analysis.observations.chains import ChainCollector, Chains
from orchestrator.results.outputs import OutputPool
from orchestrator.results.partitions import Branch
from tests.unit.analysis.records import A, B, output

MANTISSA = {"float16": 10, "float32": 23, "float64": 52}


def words(array: np.ndarray) -> list[int]:
    width = array.dtype.itemsize
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return [int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)]


def brute_force(arrays: list[np.ndarray]) -> int:
    mantissa = MANTISSA[arrays[0].dtype.name]
    best = 0
    for p in range(mantissa + 1):
        cut = [[word >> (mantissa - p) for word in words(array)] for array in arrays]
        if all(other == cut[0] for other in cut):
            best = p
    return best


def collected(arrays: list[np.ndarray]) -> tuple[Chains, list[int]]:
    collector = ChainCollector()
    outputs = OutputPool().add([output(array) for array in arrays])
    codes = collector.add_all(outputs).tolist()
    return collector.finish(), codes


@st.composite
def fleets(draw: st.DrawFn) -> list[np.ndarray]:
    """Tensors that are mostly equal: a base with special values, and a few bits flipped."""
    dtype = draw(st.sampled_from(sorted(MANTISSA)))
    width = np.dtype(dtype).itemsize * 8
    shape = draw(st.sampled_from([(), (0,), (1,), (3,), (2, 5), (1, 17)]))
    size = int(np.prod(shape))
    special = [0, 1 << (width - 1), *words(np.array([np.nan, np.inf, 1.0, 1e-7], dtype=dtype))]
    element = st.one_of(st.sampled_from([*special, 1]), st.integers(0, 2**width - 1))
    base = draw(st.lists(element, min_size=size, max_size=size))
    fleet = []
    for _ in range(draw(st.integers(1, 6))):
        changed = list(base)
        for _ in range(draw(st.integers(0, 2)) if size else 0):
            changed[draw(st.integers(0, size - 1))] ^= 1 << draw(st.integers(0, width - 1))
        bits = np.array(changed, dtype=f"u{width // 8}")
        fleet.append(bits.view(dtype).reshape(shape))
    return fleet


@settings(max_examples=150, deadline=None)
@given(fleets())
def test_equals_brute_force(fleet: list[np.ndarray]) -> None:
    chains, codes = collected(fleet)
    assert remaining_precision(chains, codes) == brute_force(fleet)
    found = pairwise(chains, codes)
    for i, j in product(range(len(fleet)), repeat=2):
        assert found[i, j] == brute_force([fleet[i], fleet[j]])


@settings(max_examples=100, deadline=None)
@given(fleets())
def test_dendrogram_holds_all_pairs_and_is_an_ultrametric(fleet: list[np.ndarray]) -> None:
    distinct = list({array.tobytes(): array for array in fleet}.values())
    chains, codes = collected(distinct)
    numbers = list(range(1, len(codes) + 1))
    tree = dendrogram(chains, codes, numbers)
    assert tree is not None
    heights = linkage(tree)
    for a, b in combinations(numbers, 2):
        assert heights[a, b] == brute_force([distinct[a - 1], distinct[b - 1]])
    for a, b, c in combinations(numbers, 3):
        smallest = sorted((heights[a, b], heights[a, c], heights[b, c]))
        assert smallest[0] == smallest[1]
    check(tree, MANTISSA[fleet[0].dtype.name])


def check(branch: Branch, mantissa: int) -> None:
    """Check that precision grows towards the leaves and inner nodes have two or more children."""
    if not branch.children:
        assert len(branch.classes) == 1
        assert branch.precision == mantissa
        return
    assert len(branch.children) >= 2
    assert branch.classes == tuple(sorted(c for child in branch.children for c in child.classes))
    for child in branch.children:
        assert child.precision > branch.precision or not child.children
        check(child, mantissa)


def test_what_is_not_a_float_has_no_precision() -> None:
    chains, codes = collected([np.array([1, 2]), np.array([1, 3])])
    assert remaining_precision(chains, codes) is None
    assert dendrogram(chains, codes, [1, 2]) is None
    assert (pairwise(chains, codes) == -1).all()


def test_a_float_and_an_integer_are_not_comparable() -> None:
    chains, codes = collected([A, np.array([1])])
    assert remaining_precision(chains, codes) is None
    assert pairwise(chains, codes).tolist() == [[23, -1], [-1, -1]]


@pytest.mark.parametrize("other", [A.astype(np.float64), A.reshape(3)])
def test_other_type_or_shape_agrees_on_nothing(other: np.ndarray) -> None:
    chains, codes = collected([A, other])
    assert remaining_precision(chains, codes) == 0
    assert pairwise(chains, codes)[0, 1] == 0
    tree = dendrogram(chains, codes, [1, 2])
    assert tree is not None
    assert tree.precision == 0
    assert [child.classes for child in tree.children] == [(1,), (2,)]


def test_no_output_has_no_precision() -> None:
    chains, _ = collected([A, B])
    assert remaining_precision(chains, []) is None
    assert dendrogram(chains, [], []) is None
