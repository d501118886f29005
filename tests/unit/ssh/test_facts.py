"""Parsing the facts that a machine reports about itself."""

from __future__ import annotations

import pytest

from orchestrator.ssh.command import Completed, printable
from orchestrator.ssh.facts import parse

LINES = "system Linux\nmachine aarch64\ncpus 4\nclock 1100\npython 3.11.2\ndocker 20.10.24\n"


def test_a_machine_with_docker() -> None:
    facts = parse(LINES, 1000.0)
    assert facts is not None
    assert (facts.architecture, facts.cpus, facts.clock_ahead) == ("arm64", 4, 100.0)
    assert (facts.docker, facts.why_no_docker, facts.python) == ("20.10.24", None, "3.11.2")


def test_a_machine_without_docker_reports_the_reason() -> None:
    text = LINES.replace("docker 20.10.24", "no-docker permission denied \x1b[2J")
    facts = parse(text.replace("python 3.11.2", "python sh: 1: python3: not found"), 1000.0)
    assert facts is not None
    assert (facts.docker, facts.why_no_docker) == (None, "permission denied \\x1b[2J")
    assert facts.python is None


@pytest.mark.parametrize("text", ["", "hello\n", LINES.replace("machine", "x"), "system\n"])
def test_text_that_is_not_an_answer(text: str) -> None:
    assert parse(text, 0.0) is None


def test_impossible_values_are_replaced_by_defaults() -> None:
    facts = parse(LINES.replace("4", "9" * 50).replace("1100", "never"), 1000.0)
    assert facts is not None
    assert (facts.cpus, facts.clock_ahead) == (1, 0.0)


def test_control_characters_in_a_machines_text_are_escaped() -> None:
    assert printable(b"a\x1b]0;x\x07\xff\tb\nc") == "a\\x1b]0;x\\x07\\xff\tb\nc"
    assert printable("\u202egnp") == "\\u202egnp"
    assert Completed(3, b"", b"").complaint == "exit status 3"
