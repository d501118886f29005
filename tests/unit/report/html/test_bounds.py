"""What a page leaves out of a large store, and that it says so."""

from __future__ import annotations

from orchestrator.report.html.class_table import CELLS, heads, shown_columns, shown_rows
from orchestrator.report.html.parts import BLOCKS, NAMES, ROWS, Block, grid, section
from orchestrator.results.partitions import ClassTable, TableCell


def table(rows: int, columns: int, first: int) -> ClassTable:
    """A class table in which row ``first`` holds the only first appearance."""
    cells = tuple(
        tuple(TableCell(1, first=row == first) for _ in range(columns)) for row in range(rows)
    )
    keys = tuple(("w", f"i{column}", "v", "output") for column in range(columns))
    letters = tuple(str(column) for column in range(columns))
    return ClassTable(tuple(f"p{row}" for row in range(rows)), keys, letters, cells, ())


def test_a_small_class_table_is_whole() -> None:
    small = table(5, 2, 4)
    assert shown_rows(small) == [0, 1, 2, 3, 4]
    assert shown_columns(small) == 2


def test_a_large_one_keeps_the_first_of_every_class() -> None:
    large = table(CELLS // 100 + 50, 100, CELLS // 100 + 49)
    rows = shown_rows(large)
    assert len(rows) == CELLS // 100
    assert rows[-1] == CELLS // 100 + 49
    assert rows[:3] == [0, 1, 2]


def test_heads_span_the_columns_that_are_shown() -> None:
    wide = table(1, 150, 0)
    assert shown_columns(wide) == 120
    for row in heads(wide):
        assert sum(span for _, span in row) == 120


def test_long_tables_say_how_many_rows_are_left_out_and_where_they_are() -> None:
    made = grid("n", "t", ("a",), ((row,) for row in range(ROWS + 3)), command="eqc report S")
    assert len(made.rows) == ROWS
    assert made.note == "3 more rows are left out: `eqc report S` shows all."
    assert grid("n", "t", ("a",), [(1,)], command="c").note is None


def test_long_lists_of_names_end_in_a_count() -> None:
    names = tuple(str(number) for number in range(NAMES + 7))
    ((_, shown),) = grid("n", "t", ("a", "b"), [("x", names)], command="c").rows
    assert isinstance(shown, tuple)
    assert shown[-1] == "and 7 more"
    assert len(shown) == NAMES + 1


def test_many_blocks_are_counted() -> None:
    made = section("n", "t", "i", [Block("b")] * (BLOCKS + 2), command="eqc x")
    assert len(made.blocks) == BLOCKS
    assert made.notes == (f"2 more of {BLOCKS + 2} are left out: `eqc x` shows all.",)


def test_columns_of_numbers_are_told_from_others() -> None:
    rows = [("x", 1, None, "1", True), ("y", None, None, 2, False)]
    made = grid("n", "t", ("a", "b", "c", "d", "e"), rows, command="c")
    assert made.numeric == (False, True, False, False, False)
