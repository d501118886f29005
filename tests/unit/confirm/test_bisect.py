import math
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.confirm.bisect import Bisection, Exhausted, Outcome, State, bisect

NAMES = tuple(f"c{number:03}" for number in range(200))
Rule = Callable[[State], str]


def alone(state: State) -> State:
    return state


def search(
    names: tuple[str, ...], rule: Rule, closure: Callable[[State], State] = alone
) -> Bisection:
    return bisect(names, closure, lambda state: Outcome(rule(state)))


def forced(needs: Mapping[str, frozenset[str]]) -> Callable[[State], State]:
    return lambda state: state.union(*(needs.get(name, frozenset()) for name in state))


@settings(deadline=None)
@given(st.data())
def test_one_decides(data: st.DataObject) -> None:
    names = NAMES[: data.draw(st.integers(1, len(NAMES)))]
    cause = data.draw(st.sampled_from(names))
    first = data.draw(st.integers(0, len(names)))
    found = bisect(names, alone, lambda state: Outcome("B" if cause in state else "A"), first=first)
    assert [one.changes for one in found.causes] == [(cause,)]
    assert (found.causes[0].before_group, found.causes[0].after_group) == ("A", "B")
    assert set(found.idle) == {*names} - {cause}
    assert found.undecided == found.bound == ()
    assert found.observations <= 2 * math.log2(len(names)) + 4


@settings(deadline=None)
@given(st.data())
def test_a_conjunction_is_one_cause_and_a_disjunction_several(data: st.DataObject) -> None:
    names = NAMES[: data.draw(st.integers(4, len(NAMES)))]
    planted = data.draw(st.sets(st.sampled_from(names), min_size=2, max_size=4))
    every = search(names, lambda state: "B" if planted <= state else "A")
    assert [set(one.changes) for one in every.causes] == [planted]
    either = search(names, lambda state: "B" if planted & state else "A")
    assert {one.changes for one in either.causes} == {(name,) for name in planted}
    assert set(every.idle) == set(either.idle) == {*names} - planted


@settings(deadline=None)
@given(st.data())
def test_every_cause_that_is_found_is_smallest(data: st.DataObject) -> None:
    """Of any function at all: it changes the class, and without any one of it does not."""
    names = NAMES[: data.draw(st.integers(1, 6))]
    table = data.draw(
        st.lists(st.sampled_from("ABC"), min_size=2 ** len(names), max_size=2 ** len(names))
    )

    def rule(state: State) -> str:
        return table[sum(2**place for place, name in enumerate(names) if name in state)]

    found = search(names, rule)
    everything = frozenset(names)
    assert bool(found.causes) or rule(frozenset()) == rule(everything)
    for cause in found.causes:
        base, changes = frozenset(cause.after), frozenset(cause.changes)
        assert rule(base) == cause.before_group != cause.after_group == rule(base | changes)
        assert all(rule(base | changes - {name}) == cause.before_group for name in changes)


def test_what_turns_out_not_to_be_needed_is_left_out_and_the_rest_tried_again() -> None:
    """Halving comes by d, c and b; b and d do it without c, and then b without d."""
    changing = ({"b"}, {"b", "d"}, {"b", "c", "d"}, {"a", "b", "c", "d"})
    found = search(("a", "b", "c", "d"), lambda state: "B" if state in changing else "A")
    assert [one.changes for one in found.causes] == [("b",)]


def test_three_classes_are_followed_one_after_the_other() -> None:
    def rule(state: State) -> str:
        return "C" if {"c003", "c005"} <= state else "B" if "c003" in state else "A"

    found = search(NAMES[:9], rule)
    assert [(one.changes, one.after, one.after_group) for one in found.causes] == [
        (("c003",), (), "B"),
        (("c005",), ("c003",), "C"),
    ]
    assert "c005" not in found.idle


def test_what_cannot_be_left_is_said_and_is_no_cause_of_its_own() -> None:
    """avx2 and fma go with avx, which decides."""
    needs = {"avx": frozenset({"avx2", "fma"})}
    found = search(
        ("avx2", "fma", "avx", "sha"), lambda s: "B" if "avx" in s else "A", forced(needs)
    )
    (cause,) = found.causes
    assert (cause.changes, cause.along) == (("avx",), ("avx2", "fma"))
    assert found.idle == ("avx2", "fma", "sha")


def test_what_cannot_be_changed_without_a_cause_is_bound_to_it() -> None:
    needs = {"avx": frozenset({"avx2"})}
    found = search(("avx2", "avx", "sha"), lambda s: "B" if "avx2" in s else "A", forced(needs))
    assert [(one.changes, one.along) for one in found.causes] == [(("avx2",), ())]
    assert (found.idle, found.bound) == (("sha",), ("avx",))


def test_nothing_decides() -> None:
    found = search(NAMES[:8], lambda _: "A")
    assert (found.causes, found.idle, found.observations) == ((), NAMES[:8], 2)


def test_what_gave_no_output_is_no_class() -> None:
    """Where the middle fails its neighbours are asked; a failed end says nothing at all."""

    def observe(state: State) -> Outcome:
        if len(state) == 4:
            return Outcome(None, "SIGILL")
        return Outcome("B" if "c006" in state else "A")

    found = bisect(NAMES[:8], alone, observe)
    assert [one.changes for one in found.causes] == [("c006",)]
    dead = bisect(NAMES[:8], alone, lambda s: Outcome(None, "SIGILL") if s else Outcome("A"))
    assert (dead.causes, dead.undecided, dead.reason) == ((), NAMES[:8], "SIGILL")
    assert (dead.start, dead.end) == (Outcome("A"), Outcome(None, "SIGILL"))


def test_the_place_where_nothing_can_be_observed_is_named() -> None:
    def observe(state: State) -> Outcome:
        if 0 < len(state) < 4:
            return Outcome(None, "SIGILL")
        return Outcome("B" if "c001" in state else "A")

    found = bisect(NAMES[:4], alone, observe)
    assert found.causes == ()
    assert found.reason == "among c000, c001, c002, c003: SIGILL"


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_at_its_end_the_budget_leaves_the_rest_undecided(allowed: int) -> None:
    seen = []

    def observe(state: State) -> Outcome:
        if len(seen) == allowed:
            raise Exhausted("the budget is spent")
        seen.append(state)
        return Outcome("B" if "c005" in state else "A")

    found = bisect(NAMES[:16], alone, observe)
    assert (found.exhausted, found.reason) == (True, "the budget is spent")
    assert found.undecided == NAMES[:16]
    assert found.observations == allowed


def test_a_state_is_observed_once() -> None:
    seen: list[State] = []

    def observe(state: State) -> Outcome:
        seen.append(state)
        return Outcome("B" if {"c001", "c002"} & state else "A")

    assert bisect(NAMES[:3], alone, observe).observations == len(seen) == len(set(seen))
