"""``eqc probe`` for people."""

from __future__ import annotations

import platform

import pytest

from orchestrator.cli.probe import probe


def test_it_says_who_made_the_approximation_units(capsys: pytest.CaptureFixture[str]) -> None:
    probe(as_json=False)
    printed = capsys.readouterr().out
    group = "reciprocal estimates" if platform.machine() == "x86_64" else "Arm estimates"
    assert group in printed
    assert "28-bit estimates" not in printed or "avx512er" in printed
    assert "the CPU has no" not in printed
