from hypothesis import given
from hypothesis import strategies as st

from orchestrator.confirm.interventions import Means, Unchangeable, way
from orchestrator.results.explanation import Kind

NEEDS = {
    "avx": {"avx2", "avx512f", "fma"},
    "avx2": {"avx512f"},
    "sse": {"avx", "avx2", "avx512f", "fma"},
}
FLAGS = ("avx", "avx2", "avx512f", "fma", "sha", "sse")
KINDS = dict.fromkeys(FLAGS, Kind.FLAG) | {
    "vendor": Kind.VENDOR,
    "cores": Kind.CORES,
    "core bin": Kind.CORES,
    "L1 bytes": Kind.CACHE,
}


def cpu(*flags: str, **values: object) -> dict:
    return {flag: flag in flags for flag in FLAGS} | values


def with_cpuid(*_: object) -> Means | str:
    return Means.CPUID


def needing(flag: str) -> set[str]:
    return NEEDS.get(flag, set())


def test_only_what_differs_is_changed() -> None:
    found = way(cpu("sse", vendor="a"), cpu("sse", vendor="b"), KINDS, with_cpuid, needing)
    assert [(one.name, one.before, one.after) for one in found.changes] == [("vendor", "a", "b")]


def test_what_is_not_known_of_both_is_no_difference() -> None:
    found = way(cpu(vendor="a"), cpu(vendor=None), KINDS, with_cpuid, needing)
    assert (found.changes, found.unchangeable) == ((), ())


def test_one_thing_by_several_names_is_one_change() -> None:
    before = {"cores": 2, "core bin": "2-3"}
    found = way(before, {"cores": 8, "core bin": "8-11"}, KINDS, with_cpuid, needing)
    assert [one.attributes for one in found.changes] == [("cores", "core bin")]


def test_a_reason_why_not_is_kept() -> None:
    def judge(name: str, *_: object) -> Means | str:
        return "this CPU lacks it" if name == "sha" else Means.CPUID

    found = way(cpu("sha", vendor="a"), cpu(vendor="b"), KINDS, judge, needing)
    assert found.unchangeable == (Unchangeable("sha", Kind.FLAG, "this CPU lacks it"),)
    assert [one.name for one in found.changes] == ["vendor"]


def test_flags_go_with_those_that_need_them_and_come_with_those_they_need() -> None:
    older, newer = cpu(), cpu("sse", "avx", "avx2", "fma", "sha")
    away = way(newer, older, KINDS, with_cpuid, needing)
    assert away.closure(frozenset({"avx"})) == {"avx", "avx2", "fma"}
    towards = way(older, newer, KINDS, with_cpuid, needing)
    assert towards.closure(frozenset({"fma"})) == {"fma", "avx", "sse"}
    assert towards.closure(frozenset({"avx2"})) == {"avx2", "avx", "sse"}


closed = st.sets(st.sampled_from(FLAGS)).map(
    lambda held: {
        flag for flag in held if all(flag not in n or f in held for f, n in NEEDS.items())
    }
)


@given(closed, closed, st.sets(st.sampled_from(FLAGS)))
def test_each_start_of_the_order_can_be_made(one: set, other: set, likely: set) -> None:
    found = way(cpu(*one), cpu(*other), KINDS, with_cpuid, needing, likely)
    names = [each.name for each in found.changes]
    for end in range(len(names) + 1):
        start = frozenset(names[:end])
        assert found.closure(start) == start
        made = one ^ start
        assert all(flag in made for flag in NEEDS for other in NEEDS[flag] if other in made)
    assert {name for name in names if name in likely} <= set(names[: found.likeliest])
