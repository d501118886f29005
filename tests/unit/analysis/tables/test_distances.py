from __future__ import annotations

from orchestrator.analysis.tables.distances import consequences_table, margins_table, ulps_table
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.tables.machines import found, rows, stored

RECORDS = [record("p", [A]), record("q", [B])]


def test_pairs_of_classes_from_their_tensors() -> None:
    findings = found(RECORDS, tensors=stored(A, B))
    (row,) = rows(consequences_table(findings))
    assert (row["class"], row["other class"], row["outcome"]) == (1, 2, "compared")
    assert (row["elements"], row["deviating"], row["largest distance"]) == (3, 3, 1)
    assert (row["labels"], row["flipped labels"]) == (1, 0)
    bins = [(row["least"], row["most"], row["elements"]) for row in rows(ulps_table(findings))]
    assert bins == [(0, 0, 0), (1, 1, 3)]
    assert [round(row["smallest margin"], 3) for row in rows(margins_table(findings))] == [0.5, 0.5]


def test_without_tensors_it_says_so() -> None:
    for findings in (found(RECORDS), found(RECORDS, tensors=stored(C))):
        table = consequences_table(findings)
        assert rows(table)[0]["outcome"] == "tensor not stored"
        assert "no tensor stored of class 1, 2" in table.notes[0]
        assert table.notes[-1] == "`observe: {keep: final}` in the experiment keeps the tensors."
        assert ulps_table(findings).rows == ()
