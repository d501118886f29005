"""The rows of a batch: of final outputs always, of layers where they have the batch's axis."""

from __future__ import annotations

import numpy as np
import pytest

from eqc_runner.failures import Failed
from eqc_runner.rows import Rows
from eqc_runner.tensor import Tensor, Unrecorded

OUTPUT = Tensor.of(np.arange(12, dtype=np.float32).reshape(4, 3))


@pytest.mark.parametrize(
    ("text", "rows"), [("0", [0]), ("3", [3]), ("0:2", [0, 1]), ("1:4", [1, 2, 3])]
)
def test_the_axis_stays(text: str, rows: list[int]) -> None:
    part = Rows.parse(text).of_final(OUTPUT)
    assert np.array_equal(part.array, OUTPUT.array[rows])
    assert part.shape == (len(rows), 3)
    assert np.array_equal(Rows.parse(text).of_layer(OUTPUT, 4).array, OUTPUT.array[rows])


def test_no_row_is_the_whole() -> None:
    assert Rows.parse(None).of_final(OUTPUT) is OUTPUT
    assert Rows.parse(None).of_layer(OUTPUT, 4) is OUTPUT


@pytest.mark.parametrize("text", ["", "a", "-1", "1:1", "2:1", ":2", "1:", "0:2:1"])
def test_other_texts(text: str) -> None:
    with pytest.raises(Failed, match="neither like '0' nor like '0:2'"):
        Rows.parse(text)


@pytest.mark.parametrize("shape", [(), (2,), (0, 3)])
def test_an_output_without_the_row(shape: tuple[int, ...]) -> None:
    rows, whole = Rows.parse("2"), Tensor.of(np.zeros(shape, np.float32))
    with pytest.raises(Failed, match=r"output 'sum' of shape .* has no row 2") as caught:
        rows.of_finals([("text", Unrecorded("strings")), ("sum", whole)])
    assert caught.value.code == "wrong-shape"
    (_, lacking), (_, part) = rows.of_finals([("sum", whole), ("output", OUTPUT)])
    assert isinstance(lacking, Unrecorded)
    assert "has no row 2" in lacking.reason
    assert isinstance(part, Tensor)
    assert part.shape == (1, 3)


def test_what_cannot_be_recorded_has_no_rows_to_lack() -> None:
    finals = [("text", Unrecorded("strings"))]
    assert Rows.parse("2").of_finals(finals) == finals
    assert Rows.parse(None).of_finals(finals) == finals


@pytest.mark.parametrize("batch", [3, 8, None])
def test_a_layer_without_the_axis_is_whole(batch: int | None) -> None:
    assert Rows.parse("0").of_layer(OUTPUT, batch) is OUTPUT
    scalar = Tensor.of(np.zeros((), np.float32))
    assert Rows.parse("0").of_layer(scalar, 1) is scalar
