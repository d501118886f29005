from __future__ import annotations

from typing import Any

import pytest

from orchestrator.results.outputs import OutputPool, OutputRecord
from tests.unit.analysis.records import A, B, C, output

LAYERS = [output(A), output(C, "conv", 0), output(B, "conv", 1)]


def written(one: OutputRecord) -> dict[str, Any]:
    """As it stands in a record."""
    return {
        "name": one.name,
        "role": one.role,
        "index": one.index,
        "operation": one.operation,
        "dtype": one.dtype,
        "shape": list(one.shape),
        "digest": one.digest,
        "chain": None if one.chain is None else list(one.chain),
        "tensor": one.tensor,
    }


def test_outputs_are_what_was_added() -> None:
    pool = OutputPool()
    for outputs in (LAYERS, LAYERS[:1], [], [{**output(A), "chain": None}]):
        found = pool.add(outputs)
        assert list(map(written, found)) == outputs
        assert [written(found[place]) for place in range(len(found))] == outputs
        assert found == OutputPool().add(outputs)
    assert written(pool.add(LAYERS)[-1]) == LAYERS[-1]
    assert list(map(written, pool.add(LAYERS)[1:])) == LAYERS[1:]
    assert pool.add(LAYERS) != pool.add(LAYERS[:2])
    with pytest.raises(IndexError):
        pool.add(LAYERS)[3]


def test_what_repeats_is_kept_once() -> None:
    pool = OutputPool()
    first, second = pool.add(LAYERS), pool.add([dict(each) for each in LAYERS])
    assert first == second
    assert len(pool.layouts) == 1
    assert len(pool.contents) == 3


def test_one_digest_with_two_chains_stays_two_contents() -> None:
    other = {**output(A), "chain": output(B)["chain"]}
    pool = OutputPool()
    assert [written(pool.add([each])[0])["chain"] for each in (output(A), other)] == [
        output(A)["chain"],
        output(B)["chain"],
    ]


def test_what_the_format_does_not_know_is_left_out() -> None:
    (found,) = OutputPool().add([{**output(A), "new": 1}])
    assert written(found) == output(A)
