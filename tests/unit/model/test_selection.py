from __future__ import annotations

from orchestrator.model import selection
from orchestrator.model.experiment import Filter, Platform, Variant, pairs


def test_family_and_size_are_read_off_a_machine_type() -> None:
    aws = selection.of_platform(Platform("aws", "a", pairs({"machine_type": "c5.2xlarge"})))
    assert (aws["families"], aws["sizes"]) == ({"c5"}, {"2xlarge"})
    gcp = selection.of_platform(Platform("gcp", "g", pairs({"machine_type": "n2d-standard-4"})))
    assert (gcp["families"], gcp["sizes"]) == ({"n2d"}, {"standard-4"})


def test_all_fields_must_match_and_one_value_of_each() -> None:
    values = selection.of_variant(Variant("torch", threads=2, environment=pairs({"A": "1"})))
    both = Filter((("environment.A", frozenset({"1", "2"})), ("threads", frozenset({2}))))
    assert selection.matches(both, values)
    one = Filter((("environment.A", frozenset({"2"})), ("threads", frozenset({2}))))
    assert not selection.matches(one, values)
    assert selection.matches(one, values, fields=frozenset({"threads"}))


def test_what_is_not_set_is_null_and_what_is_not_there_matches_nothing() -> None:
    values = selection.of_variant(Variant("torch"))
    assert selection.matches(Filter((("flags.F", frozenset({None})),)), values)
    assert not selection.matches(Filter((("cpu", frozenset({None})),)), values)
