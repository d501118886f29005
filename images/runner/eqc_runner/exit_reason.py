"""Classifies processes that ended without a result, by exit status and stderr."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Iterable

from eqc_runner.failures import Reason

_OOM_COUNTERS = (
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
)
"""Files that count the processes killed for memory, at the paths where a container has its own
control group: version 2, then version 1."""

_ALLOCATION_TEXTS = ("bad_alloc", "Cannot allocate memory", "can't allocate memory", "MemoryError")


def exit_reason(
    returncode: int, stderr: str, *, oom_kills: int = 0, limited: bool = False
) -> Reason:
    """Why a process ended that did not report a reason itself.

    ``returncode`` is as in ``subprocess`` (negative: a signal); 128 + n counts as signal n too,
    because shells and some emulators report signals that way. ``stderr`` is the end of what it
    wrote there. ``oom_kills`` is how many processes the kernel killed for memory while it ran,
    ``limited`` whether a memory limit was set.
    """
    number = -returncode if returncode < 0 else returncode - 128
    name = _signal_name(number)
    if name is None:
        if limited and any(text in stderr for text in _ALLOCATION_TEXTS):
            text = f"out of memory, then exit code {returncode}"
            return Reason("failed", "out-of-memory", text, stderr)
        text = f"ended with exit code {returncode} and without a result"
        return Reason("failed", "exception", text, stderr)
    if number == signal.SIGILL:
        text = "an instruction that this CPU does not have (SIGILL)"
        return Reason("unsupported", "illegal-instruction", text, stderr)
    if number == signal.SIGKILL and oom_kills > 0:
        text = "killed by the kernel: out of memory (SIGKILL)"
        return Reason("failed", "out-of-memory", text, stderr)
    if number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGTRAP):
        if any(text in stderr for text in _ALLOCATION_TEXTS):
            return Reason("failed", "out-of-memory", f"out of memory, then {name}", stderr)
        if limited:
            return Reason("failed", "signal", f"{name} (a memory limit was set)", stderr)
    return Reason("failed", "signal", f"killed by {name}", stderr)


def oom_kills() -> int:
    """How many processes of this container the kernel has killed for memory; 0 if unknown."""
    for path in _OOM_COUNTERS:
        try:
            lines = Path(path).read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        return _counter(lines)
    return 0


def _counter(lines: Iterable[str]) -> int:
    for line in lines:
        key, _, value = line.partition(" ")
        if key == "oom_kill" and value.strip().isdigit():
            return int(value)
    return 0


def _signal_name(number: int) -> str | None:
    try:
        return signal.Signals(number).name
    except ValueError:
        return None
