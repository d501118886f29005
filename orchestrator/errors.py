"""Every error this program raises on purpose, and the exit code each one ends with.

    EqcError                  1   never raised itself
    ├── SpecError             2   the experiment file is wrong; carries every mistake found
    ├── UsageError            2   the options or arguments do not fit together
    ├── EnvironmentNotReady   8   something is missing: disk space, an engine, a package
    ├── StoreError            1   a results store cannot be read or written
    │   └── ConflictError     9   two observations of one session have different bits
    ├── ConnectionLost        8   a machine cannot be reached or stopped answering
    ├── HostKeyRefused        8   a machine's host key is unknown or the wrong one
    ├── LoginRefused          8   a machine accepts none of our keys
    ├── OutputRefused         1   a machine sent back files that no runner writes
    ├── OverLimit             7   the plan costs more than its limits allow
    ├── DeliveryFailed        8   an image could not be brought to a machine
    └── MachinesLeft          6   a machine or container could not be confirmed ended

Only ``orchestrator.cli`` turns an error into an exit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of ``eqc``; when several apply the most serious wins: 6, 1, 9, 7, 8, 5, 4, 3.

    ``docs/exit-codes.md`` says which command gives which.
    """

    DONE = 0
    BUG = 1
    BAD_SPEC = 2
    DIFFERENT = 3
    INCOMPLETE = 4
    NOTHING_OBSERVED = 5
    MACHINES_LEFT = 6
    OVER_LIMIT = 7
    NOT_READY = 8
    CONFLICT = 9
    INTERRUPTED = 130


class EqcError(Exception):
    """Root of all errors raised on purpose. The message says what, where and what to do."""

    exit_code: Exit = Exit.BUG


class UsageError(EqcError):
    """The options or arguments of the command line do not fit together."""

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
    """An experiment file has mistakes; ``mistakes`` has all of them, in the order of the file."""

    exit_code = Exit.BAD_SPEC

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.column)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class NotOfPlatforms(UsageError):  # noqa: N818 - reads as what it says
    """A table of platforms alone was asked for, where other members are compared."""


class EnvironmentNotReady(EqcError):  # noqa: N818 - reads as what it says
    """Something that the run needs is missing: disk space, an engine, a package."""

    exit_code = Exit.NOT_READY


class OverLimit(EqcError):  # noqa: N818 - reads as what it says
    """The plan costs more than its limits allow; nothing was started."""

    exit_code = Exit.OVER_LIMIT


class StoreError(EqcError):
    """A results store cannot be read or written."""


class ConflictError(StoreError):
    """Two records of one session of one cell have different bits; the message names both files."""

    exit_code = Exit.CONFLICT


class MachinesLeft(EqcError):  # noqa: N818 - reads as what it says
    """A container, process or machine that we started could not be confirmed ended."""

    exit_code = Exit.MACHINES_LEFT


class ConnectionLost(EqcError):  # noqa: N818 - reads as what it says
    """A machine cannot be reached or stopped answering; trying again may help."""

    exit_code = Exit.NOT_READY


class HostKeyRefused(EqcError):  # noqa: N818 - reads as what it says
    """A machine's host key is unknown, revoked or the wrong one. Nothing was sent to it."""

    exit_code = Exit.NOT_READY


class LoginRefused(EqcError):  # noqa: N818 - reads as what it says
    """A machine accepts none of our keys."""

    exit_code = Exit.NOT_READY


class OutputRefused(EqcError):  # noqa: N818 - reads as what it says
    """A machine sent back too much, or files that no runner writes."""


class DeliveryFailed(EqcError):  # noqa: N818 - reads as what it says
    """An image could not be brought to a machine, or another image arrived.

    ``code`` names it in tables: ``disk-full``, ``no-such-digest``, ``wrong-image``, …
    """

    exit_code = Exit.NOT_READY

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TornLine(UserWarning):
    """The last line of a file was cut off by a kill or a full disk; it is left out."""
