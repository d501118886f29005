from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.analysis import tables
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.api import as_frame
from orchestrator.errors import NotOfPlatforms
from orchestrator.results.partitions import TableCell
from orchestrator.results.table import ColumnKind, Table
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.tables.machines import fleet, found, layered, planned, stored
from tests.unit.report.everything import everything, of_members

TYPES = {
    ColumnKind.TEXT: (str,),
    ColumnKind.COUNT: (int,),
    ColumnKind.MEASURE: (float,),
    ColumnKind.TRUTH: (bool,),
    ColumnKind.CLASS: (TableCell,),
}


def test_every_function_of_the_folder_that_gives_a_table_is_one() -> None:
    declared = [
        node.name
        for path in Path(tables.__path__[0]).glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node) == "Table"
    ]
    assert sorted(declared) == sorted(function.__name__ for function in TABLES.own.values())
    assert list(TABLES)[:3] == ["partitions", "platforms", "counts"]


@pytest.mark.parametrize("name", list(TABLES))
def test_values_are_what_their_columns_say(name: str) -> None:
    for findings in (fleet(tensors=stored(A, B, C), planned=(planned("silent"),)), layered()):
        table = TABLES[name](findings)
        assert table.name == name
        for row in table.rows:
            for column, value in zip(table.columns, row, strict=True):
                assert value is None or type(value) in TYPES[column.kind], (column, value)
        assert len(as_frame(table)) == len(table.rows)


@pytest.mark.parametrize("name", list(TABLES))
def test_nothing_observed_is_a_table_too(name: str) -> None:
    assert TABLES[name](found([])).rows == ()
    died = record("p", [], status="failed", reason={"code": "timeout", "message": "late"})
    TABLES[name](found([died]))


OF_PLATFORMS = ("clusters", "flags", "cpu-classes")
"""Tables of hardware, which is that of platforms whatever is compared."""
IN_THEIR_ORDER = ("counts", "collapse")


@pytest.mark.parametrize("name", sorted({*TABLES} - {*OF_PLATFORMS, *IN_THEIR_ORDER}))
def test_members_that_are_not_platforms_are_not_called_so(name: str) -> None:
    text = plain_text(TABLES[name](of_members()))
    assert "platform" not in text.lower()
    platforms = plain_text(TABLES[name](everything()))
    assert "member" not in platforms.lower()
    assert ("platform" in platforms.lower()) == ("member" in text.lower())


@pytest.mark.parametrize("name", OF_PLATFORMS)
def test_hardware_is_that_of_platforms_whatever_is_compared(name: str) -> None:
    one, other = TABLES[name](everything()), TABLES[name](of_members())
    assert one.title == other.title
    assert len(one.rows) == len(other.rows) > 1
    if name == "flags":
        assert one == other


@pytest.mark.parametrize("name", IN_THEIR_ORDER)
def test_what_orders_platforms_is_refused_for_others(name: str) -> None:
    with pytest.raises(NotOfPlatforms, match=f"compared here is on: .*--show {name}` has it"):
        TABLES[name](of_members())


def test_partitions_of_one_member_are_counted_in_a_note() -> None:
    (note,) = [note for note in TABLES["partitions"](of_members()).notes if "only" in note]
    assert note == (
        "2 partitions have an output of one member only, so there is nothing to compare."
    )
    shown = TABLES["layers"](of_members()).notes
    assert sum("one member only, nothing to compare" in note for note in shown) == 2
    alone = TABLES["partitions"](found([record("p", [A])]))
    assert alone.notes == (
        "1 partition has an output of one platform only, so there is nothing to compare.",
    )
    assert TABLES["partitions"](fleet()).notes == ()


def plain_text(table: Table) -> str:
    """All that is ours: no cells, which are the words of others."""
    return "\n".join([table.title, *(column.name for column in table.columns), *table.notes])


def test_frames_are_typed_and_know_what_varies() -> None:
    records = [record("p", [array], session=n) for n, array in enumerate((A, A, B))]
    shown = as_frame(TABLES["platforms"](found([*records, record("q", [C])])))
    name = "net · digits:0 · numpy float32"
    assert shown[name].tolist() == [1, 2]
    assert shown[f"{name} *"].tolist() == [True, False]
    assert shown["cores"].isna().all()
    assert shown.dtypes["cores"] == pd.Int64Dtype()
    assert shown.attrs["units"] == {"memory": "GiB"}
    assert shown.attrs["title"].startswith("Classes of all platforms")
