"""What a model returns, leaf by leaf."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqc_runner.adapters.nested import leaves
from eqc_runner.tensor import Tensor, Unrecorded


def shown(value: Any, path: str = "") -> list[tuple[str, Any]]:
    found = leaves(value, lambda leaf: Tensor.of(np.asarray(leaf)), path)
    return [
        (name, v.reason if isinstance(v, Unrecorded) else v.array.tolist()) for name, v in found
    ]


def test_each_leaf_has_its_path() -> None:
    assert shown((1, {"a": 2.5, "b": [True]}), "y") == [
        ("y.0", 1),
        ("y.1.a", 2.5),
        ("y.1.b.0", True),
    ]
    assert shown(3) == [("", 3)]


def test_nothing_is_a_leaf_too() -> None:
    none, empty = "the model returned None here", "it is a sequence or mapping of nothing"
    assert shown([1, None, (), {}], "y") == [
        ("y.0", 1),
        ("y.1", none),
        ("y.2", empty),
        ("y.3", empty),
    ]
    assert shown([]) == [("", empty)]


def test_no_two_leaves_have_one_name() -> None:
    assert shown({"a.b": 1, "a": {"b": 2}, 0: 3, "0": 4}) == [
        ("a.b", 1),
        ("a.b#2", 2),
        ("0", 3),
        ("0#2", 4),
    ]
