from __future__ import annotations

import pytest

from orchestrator.results.outputs import OutputPool
from tests.unit.analysis.records import A, B, C, output

LAYERS = [output(A), output(C, "conv", 0), output(B, "conv", 1)]


def test_outputs_are_what_was_added() -> None:
    pool = OutputPool()
    for outputs in (LAYERS, LAYERS[:1], [], [{**output(A), "chain": None}]):
        found = pool.add(outputs)
        assert found == outputs
        assert list(found) == outputs
        assert [found[place] for place in range(len(found))] == outputs
    assert pool.add(LAYERS)[-1] == LAYERS[-1]
    assert pool.add(LAYERS)[1:] == LAYERS[1:]
    assert pool.add(LAYERS) != LAYERS[:2]
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
    assert [pool.add([each])[0]["chain"] for each in (output(A), other)] == [
        output(A)["chain"],
        output(B)["chain"],
    ]


def test_what_the_format_does_not_know_is_left_out() -> None:
    assert OutputPool().add([{**output(A), "new": 1}]) == [output(A)]
