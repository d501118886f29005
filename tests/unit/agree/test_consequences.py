from __future__ import annotations

import numpy as np

from orchestrator.agree.consequences import change

BEFORE = np.array([[1.0, 2.0], [3.0, 0.5]], dtype=np.float32)
FLIPPED = np.array([[2.0, 1.0], [3.0, 0.5]], dtype=np.float32)
NEAR = np.nextafter(BEFORE, np.float32(9))
STORED = dict(zip("bfn", (BEFORE, FLIPPED, NEAR), strict=True))
OUTPUT = ("net", "input", "output")


def tensors(digest: str) -> tuple[str, tuple[int, ...], np.ndarray] | None:
    array = STORED.get(digest)
    return None if array is None else ("float32", array.shape, array)


def test_equal_outputs_are_no_change() -> None:
    assert change([({OUTPUT: "b"}, {OUTPUT: "b"})], tensors) == (None, None)


def test_the_largest_of_all_platforms_counts_and_labels_add_up() -> None:
    pairs = [({OUTPUT: "b"}, {OUTPUT: "n"}), ({OUTPUT: "b"}, {OUTPUT: "f"})]
    distance, flips = change(pairs, tensors)
    assert distance is not None
    assert distance.largest_absolute == 1.0
    assert distance.largest_ulps is not None
    assert distance.largest_ulps > 1
    assert flips == (1, 4)


def test_one_output_of_several_platforms_counts_once() -> None:
    pairs = [({OUTPUT: "b"}, {OUTPUT: "f"})] * 3
    assert change(pairs, tensors)[1] == (1, 2)


def test_what_is_not_stored_is_said() -> None:
    distance, flips = change([({OUTPUT: "b"}, {OUTPUT: "?"})], tensors)
    assert distance is not None
    assert not distance.measured
    assert "no tensor of ?" in distance.unknown[0]
    assert flips is None
