"""Ties processes to their parent, limits their memory, and kills process groups."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import PurePath
from typing import Callable, Sequence

DIE_VARIABLE = "EQC_DIE_WITH_PARENT"
"""Environment variable: ``1``, or the parent's pid, has the runner killed when its parent ends."""

_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
"""Loaded before any fork: between fork and exec nothing may be imported."""


def die_with_parent(parent: int) -> None:
    """Be killed by the kernel as soon as the thread that started this process ends.

    ``parent`` is the parent's pid: if it has ended before this call, this process ends at once.
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
    # Already a child of init (pid 1): the parent ended while this process was being started.
    die_with_parent(parent if parent != 1 else -1)


def before_exec(memory_bytes: int | None, launcher: Sequence[str] = ()) -> Callable[[], None]:
    """A function for a worker process to call between fork and exec (``preexec_fn``).

    It ties the process to its parent, turns core dumps off and limits memory to ``memory_bytes``
    (``None``: no limit) by RLIMIT_DATA, which counts private writable memory. RLIMIT_AS would also
    count the address space that frameworks reserve and never touch. With a QEMU ``launcher`` it is
    RLIMIT_AS nevertheless: QEMU 7.2 hangs when RLIMIT_DATA refuses memory to QEMU itself, but
    reports to the guest what RLIMIT_AS refuses. The limit is set natively, because QEMU ignores
    limits that the guest sets; it holds for guest and emulator together. (Where binfmt emulates
    the whole container, only the container's own limit holds.)
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
    """Send SIGKILL to a process group; one that has already ended is no error."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Not (yet) a group leader, or already reaped: kill the process alone, if it still exists.
        try:
            os.kill(leader, signal.SIGKILL)
        except ProcessLookupError:
            return
