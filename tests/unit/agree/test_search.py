"""The search against brute force, on planted tables of what each platform gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agree.search import Ask, Failed, Found, Gave, Trial, search, spread
from orchestrator.agree.settings import Setting, SettingSet, is_consistent
from orchestrator.catalog.agreement import Kind


def variable(name: str, value: str = "1") -> Setting:
    return Setting(Kind.ENVIRONMENT, name, value)


A, A2, B, C, D = (
    variable("A"),
    variable("A", "2"),
    variable("B"),
    variable("C"),
    variable("D"),
)


@dataclass
class Table:
    """What each platform gives under each set; sets that are not planted give what none does."""

    platforms: tuple[str, ...]
    planted: Mapping[SettingSet, Mapping[str, Gave]]
    asked: list[Ask] = field(default_factory=list)

    def gives(self, settings: SettingSet, platform: str) -> Gave:
        return self.planted.get(settings, self.planted[frozenset()])[platform]

    def __call__(self, asks: Sequence[Ask]) -> Mapping[Ask, Gave]:
        assert len(set(asks)) == len(asks), "nothing is asked twice at once"
        assert not set(asks) & set(self.asked), "nothing is asked twice"
        self.asked += asks
        return {ask: self.gives(*ask) for ask in asks}


def brute_force(table: Table, candidates: Sequence[Setting], size: int) -> set[SettingSet]:
    """The smallest sets with the fewest classes, of all sets on all platforms."""
    counted = {}
    for number in range(size + 1):
        for some in map(frozenset, combinations(candidates, number)):
            given_ = [table.gives(some, platform) for platform in table.platforms]
            if is_consistent(some) and not any(isinstance(each, Failed) for each in given_):
                counted[some] = len(set(given_))
    fewest = min(counted.values())
    reached = [some for some, number in counted.items() if number == fewest]
    smallest = min(map(len, reached))
    return {some for some in reached if len(some) == smallest}


def answers(found: Found) -> set[SettingSet]:
    return {trial.settings for trial in found.answers} or {frozenset()}


CANDIDATES = (A, A2, B, C, D)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Random tables in which what fails alone fails with more, and what is idle alone, always."""
    platforms = tuple("pqrst"[: draw(st.integers(1, 5))])
    classes = st.sampled_from("0123")
    planted: dict[SettingSet, Mapping[str, Gave]] = {}
    failing = draw(st.dictionaries(st.sampled_from(CANDIDATES), st.sampled_from(platforms)))
    idle = draw(st.sets(st.sampled_from(CANDIDATES)))
    before = {platform: draw(classes) for platform in platforms}
    for size in range(4):
        for some in map(frozenset, combinations(CANDIDATES, size)):
            acting = frozenset(some - idle)
            if acting not in planted:
                planted[acting] = (
                    {platform: draw(classes) for platform in platforms} if acting else before
                )
            row: dict[str, Gave] = dict(planted[acting])
            row.update({failing[one]: Failed("dies") for one in some if one in failing})
            planted[some] = row
    # Alone, what is not idle changes something: else it is idle, and must be so with others, too.
    for one in CANDIDATES:
        alone = frozenset([one])
        if one not in idle and dict(planted[alone]) == before:
            changed: dict[str, Gave] = {**before, platforms[0]: "4"}
            planted[alone] = changed
    return Table(platforms, planted)


@given(tables(), st.integers(0, 3))
def test_it_finds_what_trying_everything_finds(table: Table, size: int) -> None:
    found = search(CANDIDATES, table.platforms, table, size=size)
    assert answers(found) == brute_force(table, CANDIDATES, size)
    assert found.untried == 0
    for trial in found.answers:
        assert trial.is_complete(table.platforms)
        assert not trial.failed


@given(tables(), st.integers(0, 40))
def test_where_time_is_over_no_answer_is_wrong(table: Table, budget: int) -> None:
    left = budget

    def observe(asks: Sequence[Ask]) -> Mapping[Ask, Gave]:
        nonlocal left
        within = asks[:left]
        left -= len(within)
        return table(within)

    found = search(CANDIDATES, table.platforms, observe)
    assert not (found.unobserved and found.answers)
    for trial in found.answers:
        assert trial.is_complete(table.platforms)
        assert trial.least < found.before.least
    if found.unobserved or answers(found) != brute_force(table, CANDIDATES, 3):
        assert found.untried > 0


def planted(platforms: str, **rows: str) -> Table:
    """``A="00"``: under A the first and the second platform give 0; ``AB``: under both."""
    by_name = {"A": A, "B": B, "C": C, "D": D}
    sets: dict[SettingSet, Mapping[str, Gave]] = {}
    for name, row in rows.items():
        some = frozenset(by_name[letter] for letter in name if letter != "_")
        given_ = (Failed("died") if each == "x" else each for each in row)
        sets[some] = dict(zip(platforms, given_, strict=True))
    return Table(tuple(platforms), sets)


def test_one_setting_that_merges_all_ends_the_search() -> None:
    table = planted("pqr", _="012", A="333", B="330", C="012")
    found = search((A, B, C), table.platforms, table)
    assert [trial.settings for trial in found.answers] == [{A}]
    assert found.classes == 1
    assert found.answers[0].classes() == (("p", "q", "r"),)
    assert all(len(some) < 2 for some, _ in table.asked)


def test_a_set_is_given_up_where_it_cannot_be_an_answer() -> None:
    table = planted("pqrs", _="0123", A="4444", B="5678")
    search((A, B), table.platforms, table)
    assert {p for some, p in table.asked if some == {B}} == {"p", "q"}


def test_a_platform_that_fails_is_never_merged() -> None:
    table = planted("pqr", _="001", A="22x", B="001")
    found = search((A, B), table.platforms, table)
    assert found.answers == ()
    assert found.classes == 2
    (incomplete,) = found.incomplete
    assert incomplete.settings == {A}
    assert incomplete.failed == {"r": "died"}


def test_a_platform_that_gives_nothing_beforehand_is_not_compared() -> None:
    table = planted("pqr", _="0x1", A="2x2")
    found = search((A,), table.platforms, table)
    assert found.platforms == ("p", "r")
    assert [trial.settings for trial in found.answers] == [{A}]
    assert found.before.failed == {"q": "died"}


def test_what_changes_nothing_alone_is_tried_with_others_only_where_it_is_known_to_act() -> None:
    table = planted("pq", _="01", A="01", B="02", AB="33")
    assert search((A, B), table.platforms, table).answers == ()
    table = planted("pq", _="01", A="01", B="02", AB="33")
    found = search((A, B), table.platforms, table, interacting=frozenset({A}))
    assert [trial.settings for trial in found.answers] == [{A, B}]
    assert found.idle == (A,)


def test_two_values_of_one_variable_are_no_set() -> None:
    table = planted("pq", _="01", A="02")
    search((A, A2), table.platforms, table, interacting=frozenset({A2}))
    assert all(is_consistent(some) for some, _ in table.asked)


def test_platforms_of_different_classes_come_first() -> None:
    before = Trial(frozenset(), {"p": "0", "q": "0", "r": "1", "s": Failed("no")})
    assert spread(before, ("p", "q", "r", "s")) == ("p", "r", "q")
