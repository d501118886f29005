"""Two hundred programs that choose by what a CPU tells of itself: each cause is found, no other."""

import pytest

from bench.confirm import Result, confirm
from bench.synthetic.dispatchers import KINDS, SHAPES, Library, Planted, plant

PLANTED = plant(seed=1, count=200)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    library = Library(PLANTED, tmp_path_factory.mktemp("dispatchers"))
    return [Result(one, *confirm(one, library)) for one in PLANTED]


def test_every_planted_cause_is_confirmed(results: list[Result]) -> None:
    missed = {r.planted.number: r.planted.causes - r.found for r in results}
    assert {number: left for number, left in missed.items() if left} == {}
    assert {(one.shape, one.conditions[0].kind) for one in PLANTED} == {
        (shape, kind) for shape in SHAPES for kind in KINDS
    }


def test_nothing_is_confirmed_that_was_not_planted(results: list[Result]) -> None:
    assert {r.planted.number: r.wrong for r in results if r.wrong} == {}


def test_a_single_cause_takes_at_most_twice_the_logarithm_and_four(results: list[Result]) -> None:
    alone = [pair for result in results for pair in result.alone]
    assert len(alone) > 100
    assert [(runs, bound) for runs, bound in alone if runs > bound] == []


def test_an_interaction_is_said(results: list[Result]) -> None:
    together = {
        frozenset((one.attribute, *one.together)) == r.planted.causes
        for r in results
        for one in r.verdicts
        if one.together
    }
    assert together == {True}


def test_python_computes_what_the_library_does(tmp_path, monkeypatch) -> None:
    some = PLANTED[:16]
    compiled = Library(some, tmp_path)
    if not compiled.compiled:
        pytest.skip("no C compiler: Python computed all along")
    monkeypatch.setenv("PATH", str(tmp_path))
    interpreted = Library(some, tmp_path)
    assert not interpreted.compiled
    assert [computed(interpreted, one) for one in some] == [computed(compiled, one) for one in some]


def computed(library: Library, planted: Planted) -> list[bytes]:
    return [library.compute(planted, cpu) for cpu in planted.platforms.values()]
