from __future__ import annotations

import pytest

from orchestrator.results.table import Column, Table, partition_name


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has 1 value, not 2"):
        Table("t", "T", (Column("a"), Column("b")), ((1, 2), (1,)))


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two columns of one name"):
        Table("t", "T", (Column("a"), Column("a")), ())


def test_the_usual_output_is_not_named() -> None:
    assert partition_name(("net", "i0", "v", "output")) == "net · i0 · v"
    assert partition_name(("net", "i0", "v", "output:b")) == "net · i0 · v · output:b"
