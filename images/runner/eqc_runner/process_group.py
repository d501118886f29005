"""Nothing outlives what it was started by, and nothing takes more memory than it may."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import PurePath
from typing import Callable, Sequence

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


def before_exec(memory_bytes: int | None, launcher: Sequence[str] = ()) -> Callable[[], None]:
    """What a worker process does between fork and exec.

    Memory is limited by RLIMIT_DATA, which counts private writable memory: frameworks reserve
    address space that they never touch, so RLIMIT_AS would refuse what costs nothing. Behind a
    QEMU launcher it is RLIMIT_AS all the same: QEMU 7.2 hangs when RLIMIT_DATA refuses it memory
    of its own, but passes on what RLIMIT_AS refuses. The limit is set here, natively, because
    QEMU ignores memory limits that the guest sets; it holds for guest and emulator together.
    (Where all of the container is emulated, by binfmt, only the container's own limit holds.)
    """
    parent = os.getpid()
    emulated = bool(launcher) and PurePath(launcher[0]).name.startswith("qemu-")
    kind = resource.RLIMIT_AS if emulated else resource.RLIMIT_DATA

    def prepare() -> None:
        die_with_parent(parent)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes is not None:
            hard = resource.getrlimit(kind)[1]
            limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
            resource.setrlimit(kind, (limit, limit))

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
