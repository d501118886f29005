"""Why a session has no output: the errors that adapters raise, and the record made of them.

Codes are those of the file format: ``illegal-instruction``, ``unsupported-operator``,
``unsupported-precision`` and ``not-installed`` belong to ``Unsupported``; ``signal``,
``exception``, ``out-of-memory``, ``timeout``, ``deadline``, ``no-space``, ``input-missing``,
``inexact-input``, ``wrong-sha256``, ``wrong-shape`` and ``no-output`` to ``Failed``.
"""

from __future__ import annotations

import errno
from typing import Any, NamedTuple

_MESSAGE_CHARACTERS = 2000
"""Longer messages are cut: some frameworks put whole graphs into theirs."""


class SessionError(Exception):
    """Base class of errors with a reason: ``code`` (docs/formats.md, 3), ``message`` for people."""

    status = "failed"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Unsupported(SessionError):  # noqa: N818 - plain without the suffix Error
    """The platform cannot compute the cell; another attempt would not help."""

    status = "unsupported"


class Failed(SessionError):  # noqa: N818 - plain without the suffix Error
    """The session failed for a reason that may not occur again or that the user can correct."""


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
    """The reason for an exception that ended a session.

    Frameworks are not imported here, so their exceptions are known by class name and text.
    """
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
"""TensorFlow's and torch's exception classes for memory that could not be allocated."""

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
"""Parts of the messages of torch, ONNX Runtime, TensorFlow, NumPy and the C library, in lower
case. The last one occurs where a thread's stack does not fit under a memory limit."""

_NO_KERNEL_TEXTS = ("could not create a primitive", "could not find an implementation for")
"""Parts of the messages of oneDNN (in TensorFlow and torch) and ONNX Runtime where they have no
kernel for an operation in this dtype on this instruction set."""


def _is_allocation_failure(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if type(error).__name__ in _ALLOCATION_TYPES:
        return True
    text = str(error).lower()
    return any(known in text for known in _ALLOCATION_TEXTS)
