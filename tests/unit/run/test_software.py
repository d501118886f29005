"""A stored session counts as done by the software that is installed now, and by no other."""

from __future__ import annotations

from orchestrator.results.record import SoftwareRecord
from orchestrator.run.software import PresentSoftware, doubtful, key_of
from tests.unit.store.records import cell

NOW = SoftwareRecord("now", "numpy", "2")


def test_what_is_not_known_accepts_nothing() -> None:
    assert not PresentSoftware().accepts(cell(), {"now", None})


def test_the_same_software_is_accepted_and_no_other() -> None:
    present, one = PresentSoftware(), cell()
    present.learn(key_of(one), NOW)
    assert present.accepts(one, {"before", "now"})
    assert not present.accepts(one, {"before"})
    assert not present.accepts(one, {None})


def test_where_nothing_can_compute_what_is_stored_stands() -> None:
    present, one = PresentSoftware(), cell()
    present.learn(key_of(one), None)
    assert present.accepts(one, {"before"})


def test_only_installations_with_stored_sessions_are_asked() -> None:
    one, other = cell("a"), cell("b")
    assert doubtful([one, other], {}) == {}
    assert doubtful([one, other], {(other.id, 0): {"x"}}) == {key_of(other): other}


def test_one_note_counts_what_is_computed_anew() -> None:
    present, one = PresentSoftware(), cell()
    present.learn(key_of(one), NOW)
    done: dict[tuple[str, int], dict[str | None, str | None]] = {
        (one.id, 0): {"before": "1"},
        (one.id, 1): {"before": "1"},
    }
    framework = one.variant.framework
    assert list(present.upgrades(((one, (0, 1, 2)),), done)) == [
        f"{framework} 1 computed 2 of these sessions; computing them with 2"
    ]
    same = {(one.id, 0): {"before": "2"}}
    (text,) = present.upgrades(((one, (0,)),), same)  # type: ignore[arg-type]
    assert text.startswith(f"{framework} 2, with other packages, another Python or another runner")
