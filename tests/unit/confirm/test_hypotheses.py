from orchestrator.confirm.hypotheses import claims, pairs, unexplained
from tests.unit.confirm.examples import cpu, explanation, known

TOGETHER = {
    "p1": cpu("a", "b", "c"),
    "p2": cpu("a", "b", "c", cores=8),
    "p3": cpu("d"),
    "p4": cpu("d", "e", cores=8),
}


def test_every_member_of_every_set_is_a_claim() -> None:
    found = explanation(TOGETHER, {"p1": 1, "p2": 1, "p3": 2, "p4": 2})
    assert {claim.attribute for claim in claims(found)} == {"a", "b", "c", "d"}


def test_the_most_alike_platforms_are_a_pair() -> None:
    found = explanation(TOGETHER, {"p1": 1, "p2": 1, "p3": 2, "p4": 2})
    (pair,) = pairs(found, known(TOGETHER).unlike)
    assert (pair.before, pair.after, pair.before_class, pair.after_class) == ("p1", "p3", 1, 2)


def test_each_cluster_decides_a_pair_and_all_classes_are_linked() -> None:
    platforms = {"p0": cpu(), "p1": cpu("a"), "p2": cpu("b"), "p3": cpu("a", "b")}
    found = explanation(platforms, {"p0": 1, "p1": 2, "p2": 3, "p3": 4})
    chosen = pairs(found, known(platforms).unlike)
    differing = {
        frozenset(k for k in "ab" if platforms[one.before][k] != platforms[one.after][k])
        for one in chosen
    }
    assert {frozenset("a"), frozenset("b")} <= differing
    assert {number for one in chosen for number in (one.before_class, one.after_class)} == {
        1,
        2,
        3,
        4,
    }


def test_what_can_be_changed_here_is_preferred() -> None:
    """p1 and p3 are more alike, but c cannot be changed here."""
    platforms = {"p1": cpu("a", "c"), "p2": cpu("a", "d", "e"), "p3": cpu(), "p4": cpu("f")}

    def judge(name: str, *_: object) -> object:
        return "lacked" if name == "c" else known(platforms).judge("p1", "p2")(name)  # type: ignore[call-arg]

    found = explanation(platforms, {"p1": 1, "p2": 1, "p3": 2, "p4": 2})
    (pair,) = pairs(found, known(platforms, judge).unlike)
    assert (pair.before, pair.after) == ("p2", "p3")


def test_no_pair_is_left_where_all_are_explained() -> None:
    found = explanation(TOGETHER, {"p1": 1, "p2": 1, "p3": 2, "p4": 2})
    unlike = known(TOGETHER).unlike
    assert unexplained(found, lambda *_: True, set(), unlike) is None
    pair = unexplained(found, lambda *_: False, {frozenset(("p1", "p3"))}, unlike)
    assert pair is not None
    assert {pair.before, pair.after} != {"p1", "p3"}
