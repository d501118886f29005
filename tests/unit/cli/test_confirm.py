"""What ``eqc explain --confirm`` says where there is nothing to try."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.labels import Choice
from orchestrator.cli.confirm import confirm_explanations
from orchestrator.errors import UsageError
from tests.unit.analysis.explain.described import fingerprint
from tests.unit.analysis.records import record


def findings(classes: dict[str, int], flags: dict[str, set[str]]) -> Findings:
    records = [record(name, [np.float32([n])], fingerprint=name) for name, n in classes.items()]
    return Findings(records, {name: fingerprint(held) for name, held in flags.items()})


def confirm(found: Findings, store: Path) -> None:
    confirm_explanations(found, Choice(), store, file=None, budget=0.0, by=None, yes=True)


SAME = {"a": {"fpu"}, "b": {"fpu"}}


def test_one_class_needs_no_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    confirm(findings({"a": 1, "b": 1}, SAME), tmp_path)
    assert "Every computation has one class" in capsys.readouterr().err


def test_where_no_attribute_is_named_none_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm(findings({"a": 1, "b": 2}, SAME), tmp_path)
    said = "1 grouping of platforms: no attribute is named, so none tried"
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_cells_that_cannot_be_made_again_are_an_error(tmp_path: Path) -> None:
    found = findings({"a": 1, "b": 2}, {"a": {"fpu"}, "b": {"fpu", "avx2"}})
    with pytest.raises(UsageError, match="2 of 2 cells cannot be computed again"):
        confirm(found, tmp_path)
