from __future__ import annotations

from dataclasses import replace

import numpy as np

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.report.formats.explanation_text import explanation_text
from orchestrator.report.formats.json_format import explanation_json
from orchestrator.report.html.explanation import explanation_section
from orchestrator.report.html.parts import Section
from orchestrator.results.confirmation import ConfirmedPartition
from tests.unit.analysis.explain.described import fingerprint
from tests.unit.analysis.records import record
from tests.unit.store.test_confirmations import CONFIRMATION

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


def test_what_experiments_said_is_shown_in_every_form() -> None:
    records = [
        record(name, [np.float32([number])], fingerprint=name)
        for name, number in (("a", 1), ("b", 2))
    ]
    fingerprints = {"a": fingerprint(OLD), "b": fingerprint(NEW)}
    (only,) = Findings(records, fingerprints).explanations.items
    (part,) = only.partitions
    ids = tuple(zip((1, 2), part.ids, strict=True))
    known = replace(CONFIRMATION, partitions=(ConfirmedPartition(*part.key, ids),))
    found = Findings(records, fingerprints, confirmations=(known,))
    (block,) = explanation_section(details(found)).blocks
    verdicts = next(one for one in block.grids if "By experiment" in one.title)
    assert [row[:2] for row in verdicts.rows] == [("vendor", "confirmed"), ("sse4a", "untestable")]
    assert any("What was tried" in one.title for one in block.grids)
    assert "    confirmed: vendor: vendor: a → b" in explanation_text(found.explanations)
    (document,) = explanation_json(found.explanations)["explanations"]
    assert document["confirmation"]["verdicts"][0]["verdict"] == "confirmed"

    other = replace(known, partitions=(ConfirmedPartition(*part.key, ((1, "f" * 12),)),))
    (none,) = Findings(records, fingerprints, confirmations=(other,)).explanations.items
    assert none.confirmation is None
