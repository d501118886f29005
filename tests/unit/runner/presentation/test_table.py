"""The presented CPU as a job has it, and as the file that C reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqc_runner.presentation.table import from_text, named, parse, to_text

RECORD = {
    "name": "Haswell",
    "leaves": {
        "0x0.0": ["0x0000000d", "0x756e6547", "0x6c65746e", "0x49656e69"],
        "0x1.0": ["0x000306c4", "0x00000800", "0xfed83203", "0x078bfbfd"],
        "0x80000008.0": ["0x00003028", "0x00000000", "0x00000000", "0x00000000"],
    },
    "xcr0": "0x7",
    "library": "/opt/eqc/presentation/libpresent.so",
    "sites": "/opt/eqc/presentation/sites.tsv",
}
NUMBER = st.integers(0, 2**32 - 1)
LEAVES = st.dictionaries(
    st.tuples(NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), max_size=20
)


def test_a_job_is_parsed() -> None:
    found = parse(RECORD)
    assert found is not None
    assert (found.name, found.xcr0) == ("Haswell", 7)
    assert found.leaves[1, 0] == (0x306C4, 0x800, 0xFED83203, 0x78BFBFD)
    assert named(found.leaves) == RECORD["leaves"]


def test_no_presented_cpu() -> None:
    assert parse(None) is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"leaves": {"0x0.0": ["0x0"] * 4}}, "needs the leaves 0x0.0 and 0x1.0"),
        ({"leaves": {"0x0.0": ["0x0"] * 3}}, "four numbers of 32 bits"),
        ({"leaves": {"0x0.0": ["0x100000000"] * 4}}, "four numbers of 32 bits"),
        ({"leaves": {f"0x{i:x}.0": ["0x0"] * 4 for i in range(1025)}}, "at most 1024 fit"),
        ({"xcr0": "seven"}, "invalid literal"),
    ],
)
def test_what_breaks_the_format_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse({**RECORD, **changes})


@given(LEAVES, st.integers(0, 2**64 - 1))
def test_the_file_has_all_of_it(
    leaves: dict[tuple[int, int], tuple[int, int, int, int]], xcr0: int
) -> None:
    assert from_text(to_text(leaves, xcr0)) == (leaves, xcr0)
