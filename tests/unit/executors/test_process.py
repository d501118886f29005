from __future__ import annotations

import sys
from threading import Event

from orchestrator.executors.process import supervised
from orchestrator.system.lines import LINE_LIMIT, TAIL_BYTES

NOISE = """
import sys
for _ in range(200):
    sys.stderr.write("e" * 100_000)
sys.stderr.write("\\nthe end")
for _ in range(200):
    sys.stdout.write("o" * 100_000)
print()
print("whole")
"""


def test_what_a_program_writes_is_kept_within_bounds() -> None:
    lines: list[str] = []
    ended = supervised([sys.executable, "-c", NOISE], {}, on_line=lines.append, stop=Event())
    assert [len(line) for line in lines] == [LINE_LIMIT, len("whole")]
    assert ended.code == 0
    assert ended.stderr.endswith("\nthe end")
    assert len(ended.stderr) <= TAIL_BYTES
