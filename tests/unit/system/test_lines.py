from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.system.lines import LINE_LIMIT, TAIL_BYTES, lines_of, tail_of


@given(st.binary(max_size=60), st.lists(st.integers(0, 60)))
def test_where_chunks_end_does_not_matter(content: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    chunks = [content[a:b] for a, b in pairwise(places)]
    assert list(lines_of(chunks)) == list(lines_of([content]))
    assert tail_of(chunks, 3) == tail_of([content], 3)


def test_a_line_without_end_is_cut() -> None:
    lines = list(lines_of([b"x" * LINE_LIMIT] * 5 + [b"\nnext"]))
    assert [len(line) for line in lines] == [LINE_LIMIT, 4]


def test_a_tail_is_the_end_of_an_output_of_any_length() -> None:
    said = tail_of((b"noise\n" * 10_000 for _ in range(20)), 2)
    assert said == "noise\nnoise"
    assert len(tail_of([b"x" * 10 * TAIL_BYTES], 2)) == TAIL_BYTES
