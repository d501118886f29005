"""Why a session has no output: what adapters raise, and the record it becomes.

Codes are those of the file format: ``illegal-instruction``, ``unsupported-operator``,
``unsupported-precision`` and ``not-installed`` belong to ``Unsupported``; ``signal``,
``exception``, ``out-of-memory``, ``timeout``, ``deadline``, ``no-space``, ``input-missing``,
``wrong-sha256`` and ``wrong-shape`` to ``Failed``.
"""

from __future__ import annotations

import errno
from typing import Any, NamedTuple

UNSUPPORTED_CODES = frozenset(
    {"illegal-instruction", "unsupported-operator", "unsupported-precision", "not-installed"}
)


_MESSAGE_CHARACTERS = 2000
"""Frameworks put whole graphs into their messages."""


class SessionError(Exception):
    """Root of what ends a session on purpose; ``code`` for tables, ``message`` for people."""

    status = "failed"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Unsupported(SessionError):  # noqa: N818 - reads as what it says
    """This platform cannot compute the cell, however often one tries."""

    status = "unsupported"


class Failed(SessionError):  # noqa: N818 - reads as what it says
    """Something went wrong that need not go wrong again, or that the user can mend."""


class Reason(NamedTuple):
    """The ``status`` and ``reason`` of an observation without outputs."""

    status: str
    code: str
    message: str
    stderr: str = ""

    def record(self) -> dict[str, Any]:
        """The ``reason`` object of the observation."""
        return {"code": self.code, "message": self.message, "stderr": self.stderr}


def reason_of(error: BaseException) -> Reason:
    """Classify what a session raised. Frameworks are not imported, so names and texts decide."""
    if isinstance(error, SessionError):
        return Reason(error.status, error.code, error.message)
    text = f"{type(error).__name__}: {error}".strip()[:_MESSAGE_CHARACTERS]
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Reason("failed", "no-space", text)
    if _is_allocation_failure(error):
        return Reason("failed", "out-of-memory", text)
    if any(known in text.lower() for known in _NO_KERNEL_TEXTS):
        return Reason("unsupported", "unsupported-operator", text)
    return Reason("failed", "exception", text)


_ALLOCATION_TYPES = frozenset({"ResourceExhaustedError", "OutOfMemoryError"})
"""TensorFlow's and torch's own classes for what MemoryError is in Python."""

_ALLOCATION_TEXTS = (
    "bad_alloc",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to allocate memory",
    "unable to allocate",
    "out of memory",
    "oom when allocating",
    "resource_exhausted",
    "not enough memory",
    "can't start new thread",
)
"""What torch, ONNX Runtime, TensorFlow, NumPy and the C library say, in lower case; the last one
is said of threads whose stacks do not fit under a limit."""

_NO_KERNEL_TEXTS = ("could not create a primitive", "could not find an implementation for")
"""What oneDNN (in TensorFlow and torch) and ONNX Runtime say where they have no kernel for an
operation in this type on this instruction set."""


def _is_allocation_failure(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if type(error).__name__ in _ALLOCATION_TYPES:
        return True
    text = str(error).lower()
    return any(known in text for known in _ALLOCATION_TEXTS)
