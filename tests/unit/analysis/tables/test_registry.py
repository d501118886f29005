from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.analysis import tables
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.api import as_frame
from orchestrator.results.partitions import TableCell
from orchestrator.results.table import ColumnKind
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.tables.machines import fleet, found, layered, planned, stored

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
