from __future__ import annotations

from orchestrator.system.counted import counted


def test_one_is_no_plural() -> None:
    assert [counted(n, "job") for n in (0, 1, 2)] == ["0 jobs", "1 job", "2 jobs"]
    assert [counted(n, "class", "classes") for n in (1, 2)] == ["1 class", "2 classes"]
