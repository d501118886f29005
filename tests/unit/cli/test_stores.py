"""Which exit code the observations of a store give, and the table of codes in the documentation."""

from __future__ import annotations

import re

import click
import pytest

from orchestrator.cli.main import cli
from orchestrator.cli.stores import checked, completeness
from orchestrator.errors import Exit
from orchestrator.results.record import Observation
from tests.environment import ROOT
from tests.unit.analysis.records import A, B, record
from tests.unit.analysis.summarised import summarise

BROKEN = record("broken", [], status="failed", reason={"code": "timeout", "message": "too long"})
NO_MASK = record(
    "mask/avx", [], status="not-available", reason={"code": "no-switch", "message": "no mask avx"}
)
ONE, SAME, OTHER = record("a", [A]), record("b", [A]), record("b", [B])
VARIES = [record("a", [A]), record("a", [B], session=1)]


@pytest.mark.parametrize(
    ("records", "run", "strict_run", "check", "strict_check"),
    [
        ([ONE, SAME], 0, 0, 0, 0),
        ([ONE, OTHER], 0, 0, 3, 3),
        (VARIES, 0, 0, 3, 3),
        ([ONE, SAME, BROKEN], 4, 4, 4, 4),
        ([ONE, OTHER, BROKEN], 4, 4, 4, 4),
        ([ONE, SAME, NO_MASK], 0, 4, 0, 4),
        ([ONE, OTHER, NO_MASK], 0, 4, 3, 4),
        ([NO_MASK], 5, 5, 5, 5),
        ([BROKEN], 5, 5, 5, 5),
        ([], 5, 5, 5, 5),
    ],
)
def test_codes(
    records: list[Observation], run: int, strict_run: int, check: int, strict_check: int
) -> None:
    lenient, strict = summarise(records), summarise(records, strict=True)
    assert completeness(lenient) == run
    assert completeness(lenient, strict=True) == strict_run
    assert checked(lenient) == check
    assert checked(strict) == strict_check


def test_the_table_of_the_documentation_has_every_code_and_every_command() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text()
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(Exit)
    named = set(re.findall(r"^\| `eqc ([a-z]+)` \|", text, re.MULTILINE))
    assert named == set(cli.commands)
    assert isinstance(cli.commands["catalog"], click.Group), "has the one subcommand, refresh"
