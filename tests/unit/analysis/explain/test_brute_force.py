"""Explanations of small random fleets against brute force over all sets of attributes.

Minimal sets, contradictions, rules, who takes part, outliers, and the prediction of each machine
that was seen, by their definitions alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.explain.prediction import predict
from orchestrator.results.explanation import Answer, Condition, Explanation, Kind
from tests.unit.analysis.explain.described import explained, fingerprint
from tests.unit.analysis.records import record

FLAGS = ("x0", "x1", "x2", "x3")
BINS = {1: "1", 2: "2-3", 3: "2-3", 8: "8-11", 48: "32+"}
Value = bool | int | str
Names = frozenset[str]


@dataclass(frozen=True)
class Machine:
    number: int
    """Its class."""
    flags: Names | None
    """``None``: not readable."""
    cores: int
    vendor: str
    has_fingerprint: bool


machine = st.builds(
    Machine,
    number=st.integers(0, 2),
    flags=st.one_of(st.frozensets(st.sampled_from(FLAGS)), st.none() | st.just(frozenset("z"))),
    cores=st.sampled_from(sorted(BINS)),
    vendor=st.sampled_from(["AuthenticAMD", "GenuineIntel"]),
    has_fingerprint=st.sampled_from([True] * 7 + [False]),
)


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Machine]:
    """Some with twins, some whose class follows from a flag and the cores, some at random."""
    found = draw(st.lists(machine, min_size=1, max_size=9))
    if draw(st.booleans()):
        found += draw(st.lists(st.sampled_from(found), max_size=3))
    if draw(st.booleans()):
        found = [
            Machine(
                2 * ("x0" in (one.flags or ())) + (one.cores > 3),
                one.flags,
                one.cores,
                one.vendor,
                one.has_fingerprint,
            )
            for one in found
        ]
    return {f"p{place:02}": one for place, one in enumerate(found)}


def explanation(fleet: dict[str, Machine]) -> Explanation:
    prints = {
        f"f-{name}": fingerprint(
            None if one.flags is None else {*one.flags, "fpu"}, one.cores, vendor=one.vendor
        )
        for name, one in fleet.items()
        if one.has_fingerprint
    }
    rows = [
        record(
            name,
            [np.float32([one.number])],
            fingerprint=f"f-{name}" if one.has_fingerprint else None,
        )
        for name, one in fleet.items()
    ]
    (found,) = explained(rows, prints, kinds=frozenset(Kind))
    return found


def taking_part(fleet: dict[str, Machine]) -> dict[str, Machine]:
    """Those with a fingerprint; where anybody's flags are known, those with flags."""
    known = {name: one for name, one in fleet.items() if one.has_fingerprint}
    if all(one.flags is None for one in known.values()):
        return known
    return {name: one for name, one in known.items() if one.flags is not None}


def columns(fleet: dict[str, Machine]) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {
        "vendor": [one.vendor for one in fleet.values()],
        "cores": [one.cores for one in fleet.values()],
        "core bin": [BINS[one.cores] for one in fleet.values()],
    }
    for flag in (*FLAGS, "z"):
        if any(flag in (one.flags or ()) for one in fleet.values()):
            found[flag] = [flag in (one.flags or ()) for one in fleet.values()]
    return found


def grouped(values: Sequence[Value]) -> tuple[int, ...]:
    """Who is together by these values, however they are called."""
    numbers: dict[tuple[type, Value], int] = {}
    return tuple(numbers.setdefault((type(value), value), len(numbers)) for value in values)


@dataclass(frozen=True)
class Expected:
    sets: set[frozenset[Names]]
    contradictions: set[Names]
    fitting: tuple[str, ...]
    """Who is left once contradictions are set aside."""


def brute_force(fleet: dict[str, Machine]) -> Expected:
    names, classes = list(fleet), [one.number for one in fleet.values()]
    clusters: dict[tuple[int, ...], set[str]] = {}
    for attribute, values in columns(fleet).items():
        if max(grouped(values)) > 0:
            clusters.setdefault(grouped(values), set()).add(attribute)
    alike: dict[tuple[int, ...], list[int]] = {}
    for place in range(len(names)):
        alike.setdefault(tuple(way[place] for way in clusters), []).append(place)
    contradictions, left_out = set(), set()
    for members in alike.values():
        sides = _by_class(members, classes)
        if len(sides) > 1:
            contradictions.add(frozenset(names[place] for place in members))
            largest = max(sides, key=len)
            kept = largest if len(largest) > 1 and 2 * len(largest) > len(members) else []
            left_out |= {*members} - {*kept}
    fitting = [place for place in range(len(names)) if place not in left_out]
    ways = list(clusters)
    for size in range(len(ways) + 1):
        found = {
            frozenset(frozenset(clusters[way]) for way in chosen)
            for chosen in itertools.combinations(ways, size)
            if _determines(chosen, fitting, classes)
        }
        if found:
            return Expected(found, contradictions, tuple(names[place] for place in fitting))
    raise AssertionError("all attributes together determine the classes of those that fit")


def _by_class(members: Sequence[int], classes: Sequence[int]) -> list[list[int]]:
    sides: dict[int, list[int]] = {}
    for place in members:
        sides.setdefault(classes[place], []).append(place)
    return list(sides.values())


def _determines(
    chosen: Sequence[tuple[int, ...]], fitting: Sequence[int], classes: Sequence[int]
) -> bool:
    seen: dict[tuple[int, ...], int] = {}
    return all(
        seen.setdefault(tuple(way[place] for way in chosen), classes[place]) == classes[place]
        for place in fitting
    )


@settings(max_examples=30, deadline=None)
@given(fleets())
def test_sets_contradictions_and_who_takes_part(fleet: dict[str, Machine]) -> None:
    found, members = explanation(fleet), taking_part(fleet)
    assert {one.platform for one in found.undescribed} == fleet.keys() - members.keys()
    if not members:
        assert found.answers == ()
        return
    expected, first = brute_force(members), found.answers[0]
    known = columns(members).keys()
    assert first.proven
    assert first.complete
    assert {
        frozenset(frozenset(m for m in cluster.members if m in known) for cluster in one.clusters)
        for one in first.sets
    } == expected.sets
    assert {
        frozenset(name for _, names in one.groups for name in names) for one in first.contradictions
    } == expected.contradictions


@settings(max_examples=30, deadline=None)
@given(fleets())
def test_each_rule_lists_whom_it_holds_for_and_each_that_fits_is_in_its_own(
    fleet: dict[str, Machine],
) -> None:
    found, members = explanation(fleet), taking_part(fleet)
    if not members:
        return
    number = {name: group.number for group in found.classes for name in group.platforms}
    known, fitting = columns(members), brute_force(members).fitting
    for place, name in enumerate(members):
        hit = [
            rule
            for rule in found.answers[0].rules
            if all(holds(c, known[c.attribute][place]) for c in rule.conditions)
        ]
        for rule in found.answers[0].rules:
            assert (name in (*rule.platforms, *rule.contradicting)) == (rule in hit)
        if name in fitting:
            assert [rule.class_number for rule in hit] == [number[name]]


def holds(condition: Condition, value: Value) -> bool:
    tests: dict[str, Callable[[], bool]] = {
        "has": lambda: value is True,
        "lacks": lambda: value is False,
        "<=": lambda: int(value) <= int(str(condition.value)),
        ">": lambda: int(value) > int(str(condition.value)),
        "=": lambda: value == condition.value,
    }
    return tests.get(str(condition.operator), lambda: value != condition.value)()


@settings(max_examples=20, deadline=None)
@given(fleets())
def test_a_machine_that_was_seen_is_predicted_as_it_was_or_not_at_all(
    fleet: dict[str, Machine],
) -> None:
    found, members = explanation(fleet), taking_part(fleet)
    if not members:
        return
    number = {name: group.number for group in found.classes for name in group.platforms}
    known = {"isa blas": "x", "framework version": "2.4", "framework": "numpy"}
    for name in brute_force(members).fitting:
        one = members[name]
        flags = None if one.flags is None else {*one.flags, "fpu"}
        predicted = predict(fingerprint(flags, one.cores, vendor=one.vendor), found, known)
        assert predicted.class_number in (number[name], None)


@settings(max_examples=30, deadline=None)
@given(fleets())
def test_an_outlier_is_alone_against_the_majority_of_its_twins(fleet: dict[str, Machine]) -> None:
    found, members = explanation(fleet), taking_part(fleet)
    if not members:
        return
    deciding, known = found.answers[0], columns(members)
    keys = attributes_of(deciding)
    if not keys <= known.keys():
        return
    twins: dict[tuple[Value, ...], list[str]] = {}
    for place, name in enumerate(members):
        twins.setdefault(tuple(known[key][place] for key in sorted(keys)), []).append(name)
    expected = set()
    for together in twins.values():
        sides: dict[int, list[str]] = {}
        for name in together:
            sides.setdefault(members[name].number, []).append(name)
        largest = max(sides.values(), key=len)
        if len(largest) > 1 and 2 * len(largest) > len(together):
            expected |= {names[0] for names in sides.values() if len(names) == 1}
    assert {one.platform for one in found.outliers} == expected


def attributes_of(answer: Answer) -> set[str]:
    """The first member of each cluster of any of its sets: what twins have in common."""
    return {cluster.members[0] for one in answer.sets for cluster in one.clusters}
