from __future__ import annotations

import pytest

from orchestrator.results.comparison import BY_PLATFORM, MEMBER, PLATFORM, noun_of


@pytest.mark.parametrize("axes", [("on",), ("threads",), ("platform", "threads")])
def test_only_platforms_are_called_so(axes: tuple[str, ...]) -> None:
    assert noun_of(BY_PLATFORM) is PLATFORM
    assert noun_of(axes) is MEMBER


def test_a_noun_counts_and_names_columns() -> None:
    assert (MEMBER.counted(1), MEMBER.counted(2)) == ("1 member", "2 members")
    assert MEMBER.heads(("platform", "kind", "platforms")) == ("member", "kind", "members")
    assert PLATFORM.heads(("platform", "kind")) == ("platform", "kind")
