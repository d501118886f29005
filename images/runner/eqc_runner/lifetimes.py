"""Nothing outlives what it was started by, and nothing takes more memory than it may."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Callable

DIE_VARIABLE = "EQC_DIE_WITH_PARENT"
"""``1``, or the pid of the parent: then the runner is killed when its parent ends."""

_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
"""Loaded before any fork: between fork and exec nothing may be imported."""


def die_with_parent(parent: int) -> None:
    """Be killed by the kernel as soon as the thread that started this process ends.

    ``parent`` is its pid, so that a parent that ended before the call is noticed too; then this
    process ends at once.
    """
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def die_with_parent_if_asked() -> None:
    """As ``die_with_parent``, if the environment asks for it with ``EQC_DIE_WITH_PARENT``."""
    value = os.environ.get(DIE_VARIABLE, "")
    if value in ("", "0"):
        return
    parent = int(value) if value.isdigit() and value != "1" else os.getppid()
    # Asked for and already with init: the parent ended while this process was being started.
    die_with_parent(parent if parent != 1 else -1)


def before_exec(memory_bytes: int | None) -> Callable[[], None]:
    """What a worker process does between fork and exec.

    Memory is limited by RLIMIT_DATA, which counts private writable memory: frameworks reserve
    address space that they never touch, so RLIMIT_AS would refuse what costs nothing. It is set
    here, natively, because QEMU's user mode ignores memory limits that the guest asks for; it
    then holds for guest and emulator together, whose code buffer is part of the sum.
    """
    parent = os.getpid()

    def prepare() -> None:
        die_with_parent(parent)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes is not None:
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    return prepare


def kill_group(leader: int) -> None:
    """SIGKILL to a process group; one that is already gone is fine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Not (yet) a group leader, or already reaped: then the process itself, if it is there.
        try:
            os.kill(leader, signal.SIGKILL)
        except ProcessLookupError:
            return
