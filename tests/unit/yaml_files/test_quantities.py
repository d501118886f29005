from __future__ import annotations

import pytest

from orchestrator.yaml_files.fields import dollars, fraction, size_in_bytes


def test_units() -> None:
    assert size_in_bytes("4 GiB") == 4 * 2**30
    assert size_in_bytes("1.5 KiB") == 1536
    assert size_in_bytes("500MB") == 500_000_000
    assert dollars("20 USD") == 20.0
    assert dollars("0.25 USD") == 0.25
    assert fraction("1/255") == 1 / 255
    assert fraction("0.5") == 0.5


@pytest.mark.parametrize("text", ["4 gib", "GiB", "-1 GiB", "4", "4 GiB x"])
def test_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="4 GiB"):
        size_in_bytes(text)


@pytest.mark.parametrize("text", ["20 EUR", "twenty", "$20"])
def test_not_an_amount(text: str) -> None:
    with pytest.raises(ValueError, match="20 USD"):
        dollars(text)


@pytest.mark.parametrize("text", ["1e999999999", "1e999", "1/0", "9" * 5000, "x", "", "1/2/3"])
def test_not_a_fraction(text: str) -> None:
    with pytest.raises(ValueError, match="a fraction like '1/255'"):
        fraction(text)
