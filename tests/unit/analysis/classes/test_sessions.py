from __future__ import annotations

from orchestrator.analysis.classes.sessions import determinism
from orchestrator.analysis.observations.table import observations_table
from tests.unit.analysis.records import A, B, C, output, record


def test_counts_the_distinct_outputs_of_each_cell() -> None:
    records = [record("a", [x], session=s) for s, x in enumerate((A, C, A, B))]
    records += [record("b", [A], session=s) for s in range(3)]
    records += [record("c", [A])]
    found = determinism(observations_table(records))
    assert (found.cells, found.judged) == (3, 2)
    (varied,) = found.variations
    assert varied.platform == "a"
    rest = sorted(output(x)["digest"][:12] for x in (B, C))
    assert varied.outputs == ((output(A)["digest"][:12], 2), (rest[0], 1), (rest[1], 1))


def test_nothing_observed_is_nothing_judged() -> None:
    found = determinism(observations_table([record("a", [], status="failed")]))
    assert (found.cells, found.judged, found.variations) == (0, 0, ())
