from __future__ import annotations

from dataclasses import replace

import numpy as np

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.report.html.explanation import explanation_section
from orchestrator.report.html.parts import Section
from tests.unit.analysis.explain.described import fingerprint
from tests.unit.analysis.records import record

OLD, NEW = {"fpu"}, {"fpu", "avx2"}


def shown(given: dict[str, tuple[int, set[str], str]], inputs: tuple[str, ...] = ("i",)) -> Section:
    """The section for platforms with a class, flags and a chosen instruction set."""
    records = []
    for label in inputs:
        for name, (number, _, isa) in given.items():
            one = record(name, [np.float32([number])], given=label, fingerprint=name)
            records.append(one._replace(framework=replace(one.framework, isa={"openblas": isa})))
    fingerprints = {name: fingerprint(flags) for name, (_, flags, _) in given.items()}
    return explanation_section(details(Findings(records, fingerprints)))


def test_what_was_chosen_stands_between_hardware_and_class() -> None:
    (block,) = shown({"a": (1, OLD, "Nehalem"), "b": (2, NEW, "Haswell")}).blocks
    rules = next(one for one in block.grids if "Rules" in one.title)
    assert rules.columns[:3] == ("platforms with", "the framework chose", "class")
    assert ("avx2", "isa openblas = Haswell", 2) in {row[:3] for row in rules.rows}


def test_partitions_that_part_alike_have_one_block_with_all_inputs() -> None:
    (block,) = shown({"a": (1, OLD, "x"), "b": (2, NEW, "x")}, ("i", "j")).blocks
    assert block.title == "net · i, j · numpy float32: 2 classes of 2 platforms"


def test_an_answer_beyond_the_causes_says_why_it_is_there() -> None:
    causes, choices = shown({"a": (1, NEW, "Zen"), "b": (2, NEW, "Haswell")}).blocks
    assert "since hardware and settings do not determine the classes." in choices.lines[0]
    assert not any("since" in text for text in causes.lines)
