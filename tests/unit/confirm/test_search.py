import pytest

from orchestrator.confirm.bisect import Exhausted, Outcome
from orchestrator.confirm.interventions import Means
from orchestrator.confirm.search import judged, planned, tried
from orchestrator.confirm.verdicts import covers
from orchestrator.results.confirmation import AttributeVerdict, Elsewhere, Verdict
from orchestrator.results.explanation import Kind
from tests.unit.confirm.examples import cpu, explanation, known, observer

INTEL_AND_AMD = {
    "haswell": cpu("a", "b", "c", vendor="GenuineIntel"),
    "rome": cpu("a", "d", "e", vendor="AuthenticAMD", cache=48),
}
CLASSES = {"haswell": 1, "rome": 2}


def of_vendor(made: dict) -> int:
    return 1 if made["vendor"] == "GenuineIntel" else 2


def verdicts_of(platforms, classes, rule, judge=lambda *_: Means.CPUID, where=lambda *_: None):
    found = explanation(platforms, classes)
    setting = known(platforms, judge)
    trials = tried(found, setting, planned(found, setting), observer(platforms, rule))
    return {one.attribute: one for one in judged(found, trials, where)}


def test_one_of_a_cluster_is_confirmed_and_the_others_are_refuted() -> None:
    found = verdicts_of(INTEL_AND_AMD, CLASSES, of_vendor)
    assert found["vendor"].verdict is Verdict.CONFIRMED
    assert found["vendor"].reason == "GenuineIntel → AuthenticAMD: class 1 → class 2"
    others = {name: one.verdict for name, one in found.items() if name != "vendor"}
    assert others == dict.fromkeys(["b", "c", "d", "e", "L1 bytes"], Verdict.REFUTED)
    assert found["b"].reason == "changed from haswell to rome, it leaves class 1"


def test_an_interaction_needs_both() -> None:
    found = verdicts_of(
        INTEL_AND_AMD, CLASSES, lambda made: 2 if made["d"] and not made["b"] else 1
    )
    confirmed = {n: one.together for n, one in found.items() if one.verdict is Verdict.CONFIRMED}
    assert confirmed == {"b": ("d",), "d": ("b",)}


def test_where_the_presented_cpu_gives_another_class_nothing_is_shown() -> None:
    """As where an approximate instruction of the silicon decides."""
    found = verdicts_of(INTEL_AND_AMD, CLASSES, lambda made: 2 if made["vendor"] else 1)
    assert {one.verdict for one in found.values()} == {Verdict.UNTESTABLE}
    assert found["vendor"].reason == (
        "presented as haswell, this computer does not give its class 1 but class 2"
    )


def test_a_class_that_no_platform_has_confirms_nothing() -> None:
    def rule(made: dict) -> Outcome:
        return Outcome("1" if made["vendor"] == "GenuineIntel" else "other 0123456789ab")

    found = verdicts_of(INTEL_AND_AMD, CLASSES, rule)
    assert found["vendor"].verdict is Verdict.UNTESTABLE
    assert "class 2 but another output, 0123456789ab" in found["vendor"].reason


def test_no_output_is_no_class() -> None:
    found = verdicts_of(INTEL_AND_AMD, CLASSES, lambda _: Outcome(None, "no site is known"))
    assert found["vendor"].reason == (
        "presented as haswell, this computer gave no output: no site is known"
    )


def test_what_cannot_be_changed_here_says_why_and_where() -> None:
    machine = Elsewhere("aws", "c5a.large", "Zen 2", 0.077)

    def judge(name: str, *_: object) -> Means | str:
        return "this CPU lacks it" if name == "d" else Means.CPUID

    def where(attribute: str, kind: Kind) -> Elsewhere | None:
        return machine if (attribute, kind) == ("d", Kind.FLAG) else None

    found = verdicts_of(INTEL_AND_AMD, CLASSES, of_vendor, judge, where)
    assert found["d"] == AttributeVerdict(
        "d", Kind.FLAG, Verdict.UNTESTABLE, "this CPU lacks it", trial=0, elsewhere=machine
    )
    assert found["vendor"].verdict is Verdict.CONFIRMED


def test_the_unchangeable_are_named_where_the_ends_differ() -> None:
    def judge(name: str, *_: object) -> Means | str:
        return "this CPU lacks it" if name == "d" else Means.CPUID

    found = verdicts_of(INTEL_AND_AMD, CLASSES, lambda made: 2 if made["d"] else 1, judge)
    assert found["vendor"].verdict is Verdict.UNTESTABLE
    assert found["vendor"].reason.endswith("what cannot be changed here may be the cause: d")


def test_a_cause_that_no_minimal_set_names_is_found() -> None:
    """Here c separates the classes alone, so no set names a and b, which decide."""
    platforms = {
        "p1": cpu("a", "b", "c"),
        "p2": cpu("a"),
        "p3": cpu("b"),
        "p4": cpu(),
    }
    found = verdicts_of(
        platforms,
        {"p1": 1, "p2": 2, "p3": 2, "p4": 2},
        lambda made: 1 if made["a"] and made["b"] else 2,
    )
    assert found["c"].verdict is Verdict.REFUTED
    confirmed = {n for n, one in found.items() if one.verdict is Verdict.CONFIRMED}
    assert confirmed == {"a", "b"}
    assert not found["a"].claimed


def test_an_end_of_the_budget_leaves_the_rest_untestable() -> None:
    found = explanation(INTEL_AND_AMD, CLASSES)
    setting = known(INTEL_AND_AMD)

    def observe(*_: object) -> Outcome:
        raise Exhausted("the budget of 1 s is spent")

    trials = tried(found, setting, planned(found, setting), observe)
    assert {one.reason for one in judged(found, trials)} == {
        "presented as haswell, this computer gave no output: the budget of 1 s is spent"
    }


@pytest.mark.parametrize(
    ("one", "other", "covered"),
    [(2, 32, True), (1, 64, True), (4, 32, False), (2, 16, False), (32, 2, True), (4, 4, False)],
)
def test_numbers_beyond_both_ends_are_parted_by_the_same_threshold(one, other, covered) -> None:
    assert covers((("cores", 32, 2),), {"cores": one}, {"cores": other}) is covered


def test_words_are_parted_by_themselves() -> None:
    transition = (("vendor", "a", "b"), ("x", True, False))
    assert covers(transition, {"vendor": "b", "x": False}, {"vendor": "a", "x": True})
    assert not covers(transition, {"vendor": "b", "x": True}, {"vendor": "a", "x": False})
    assert not covers(transition, {"vendor": "c", "x": True}, {"vendor": "a", "x": False})
