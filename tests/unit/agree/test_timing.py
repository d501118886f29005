from __future__ import annotations

import pytest

from orchestrator.agree.timing import slowdown


def test_each_lap_is_compared_with_the_one_beside_it() -> None:
    # The computer became three times as slow half-way; the ratio is the same.
    plain = [1.0, 1.0, 3.0, 3.0]
    found = slowdown(plain, [2.0, 2.0, 6.0, 6.0], "a CPU")
    assert found.median == pytest.approx(2.0)
    assert found.quartiles == pytest.approx((2.0, 2.0))
    assert (found.laps, found.seconds) == (4, 2.0)
    assert (found.platform, found.processor) == ("local", "a CPU")


def test_the_spread_is_the_middle_half() -> None:
    found = slowdown([1.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.median, found.quartiles) == (3.0, (2.0, 4.0))
