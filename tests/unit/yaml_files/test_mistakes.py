from __future__ import annotations

from orchestrator.errors import Mistake
from orchestrator.yaml_files.mistakes import Mark, Mistakes, nearest


def test_parts_that_the_document_does_not_have_are_passed_over() -> None:
    mistakes = Mistakes("x", values={(): Mark(1, 1), ("a",): Mark(2, 3), ("a", 0): Mark(3, 5)})
    assert mistakes.mark(("a", 0, "union-tag", "deep")) == Mark(3, 5)
    assert mistakes.mark(("b",)) == Mark(1, 1)


def test_the_same_mistake_is_kept_once() -> None:
    mistakes = Mistakes("x")
    mistakes.at(Mark(1, 2), "m")
    mistakes.at(Mark(1, 2), "m")
    assert mistakes.found == [Mistake("x", 1, 2, "m")]


def test_nearest_names_one_or_lists_all() -> None:
    assert nearest("tensorfow", ["torch", "tensorflow"]) == "; did you mean 'tensorflow'?"
    assert nearest("haswell", ["Haswell"]) == "; did you mean 'Haswell'?"
    assert nearest("zzz", ["b", "a"]) == "; valid: a, b"
    assert nearest("zzz", []) == ""
