"""Every error this program raises on purpose, and the exit code each one ends with.

    EqcError                  1   never raised itself
    ├── SpecError             2   the experiment file is wrong; carries every mistake found
    ├── UsageError            2   the command line asks for something that cannot be
    ├── EnvironmentNotReady   8   this computer lacks something (disk, engine, package)
    ├── StoreError            1   a store that cannot be read or written as asked
    │   └── ConflictError     1   two observations of one session with other bits
    ├── ConnectionLost        8   a machine could not be reached, or not any more
    ├── HostKeyRefused        8   a machine's host key is unknown, or not the one it should be
    ├── LoginRefused          8   a machine accepts none of the keys
    ├── OutputRefused         1   what a machine sent back is nothing that a runner writes
    ├── OverLimit             7   what was asked for would cost more than its limits allow
    └── MachinesLeft          6   something that was started could not be confirmed ended

Only ``orchestrator.cli`` turns an error into an exit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of ``eqc``; when several apply the most serious wins: 6, 1, 7, 8, 5, 4, 3."""

    DONE = 0
    BUG = 1
    BAD_SPEC = 2
    DIFFERENT = 3
    INCOMPLETE = 4
    NOTHING_OBSERVED = 5
    MACHINES_LEFT = 6
    OVER_LIMIT = 7
    NOT_READY = 8
    INTERRUPTED = 130


class EqcError(Exception):
    """Root of all errors raised on purpose. ``message`` says what, where and what to do."""

    exit_code: Exit = Exit.BUG


class UsageError(EqcError):
    """The command line asks for something that cannot be."""

    exit_code = Exit.BAD_SPEC


@dataclass(frozen=True)
class Mistake:
    """One mistake in an experiment file. ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class SpecError(EqcError):
    """An experiment file has mistakes; all that were found, in the order of the file."""

    exit_code = Exit.BAD_SPEC

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.column)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class EnvironmentNotReady(EqcError):  # noqa: N818 - reads as what it says
    """This computer lacks something the run needs: disk space, an engine, a package."""

    exit_code = Exit.NOT_READY


class OverLimit(EqcError):  # noqa: N818 - reads as what it says
    """What was asked for would cost more than its limits allow; nothing was started."""

    exit_code = Exit.OVER_LIMIT


class StoreError(EqcError):
    """A results store cannot be read or written as asked."""


class ConflictError(StoreError):
    """The same session of the same cell was recorded with other bits; names both places."""


class MachinesLeft(EqcError):  # noqa: N818 - reads as what it says
    """A container, process or machine of ours could not be confirmed ended."""

    exit_code = Exit.MACHINES_LEFT


class ConnectionLost(EqcError):  # noqa: N818 - reads as what it says
    """A machine could not be reached, or stopped answering; trying again may help."""

    exit_code = Exit.NOT_READY


class HostKeyRefused(EqcError):  # noqa: N818 - reads as what it says
    """A machine's host key is unknown, revoked or not the expected one. Nothing was sent to it."""

    exit_code = Exit.NOT_READY


class LoginRefused(EqcError):  # noqa: N818 - reads as what it says
    """A machine accepts none of the keys that we have for it."""

    exit_code = Exit.NOT_READY


class OutputRefused(EqcError):  # noqa: N818 - reads as what it says
    """What a machine sent back is nothing that a runner writes: too much, or elsewhere."""


class DeliveryFailed(EqcError):  # noqa: N818 - reads as what it says
    """An image could not be brought to a machine, or what arrived is another one.

    ``code`` names it in tables: ``disk-full``, ``no-such-digest``, ``wrong-image``, …
    """

    exit_code = Exit.NOT_READY

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
