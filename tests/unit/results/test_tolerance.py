from __future__ import annotations

import pytest

from orchestrator.errors import UsageError
from orchestrator.results.tolerance import FORMS, Tolerance, parse_tolerance, tolerances_for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12bits", Tolerance("12bits", bits=12)),
        ("1bit", Tolerance("1bit", bits=1)),
        ("4ulp", Tolerance("4ulp", ulps=4)),
        ("0ulps", Tolerance("0ulps", ulps=0)),
        ("rtol=1e-5", Tolerance("rtol=1e-5", rtol=1e-5, atol=0.0)),
        ("rtol=1e-5,atol=1e-8", Tolerance("rtol=1e-5,atol=1e-8", rtol=1e-5, atol=1e-8)),
        ("logits:4ulp", Tolerance("4ulp", "logits", ulps=4)),
        ("output:a:b:4ulp", Tolerance("4ulp", "output:a:b", ulps=4)),
    ],
)
def test_every_form(text: str, expected: Tolerance) -> None:
    assert parse_tolerance(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no tolerance"),
        ("4", "'4' is no tolerance"),
        ("-4ulp", "'-4ulp' is no tolerance"),
        ("4.5ulp", "is no tolerance"),
        ("53bits", "no type has more than 52 mantissa bits"),
        ("rtol=x", "'x' is no number"),
        ("rtol=-1", "neither 0 nor a positive number"),
        ("atol=nan", "neither 0 nor a positive number"),
        ("atol=inf", "neither 0 nor a positive number"),
        ("rtol=1,rtol=2", "rtol is there twice"),
        ("rtol=1,", "'' is no tolerance"),
        (":4ulp", "no output before the colon"),
        ("logits:", "'' is no tolerance"),
    ],
)
def test_what_is_no_tolerance_lists_the_forms(text: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_tolerance(text)
    assert why in str(raised.value)
    assert all(form in str(raised.value) for form in FORMS)


def test_a_named_one_replaces_those_that_name_none() -> None:
    given = [parse_tolerance(text) for text in ("4ulp", "logits:8ulp", "logits:rtol=1", "b:0ulp")]
    assert [one.text for one in tolerances_for("output", given)] == ["4ulp"]
    assert [one.text for one in tolerances_for("output:logits", given)] == ["8ulp", "rtol=1"]
    assert tolerances_for("output:c", [given[1]]) == ()
