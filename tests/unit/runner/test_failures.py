from __future__ import annotations

import errno

import pytest

from eqc_runner.failures import Failed, Unsupported, reason_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unsupported("not-installed", "no torch"), "unsupported", "not-installed"),
        (Failed("wrong-shape", "(1,) for (2,)"), "failed", "wrong-shape"),
        (OSError(errno.ENOSPC, "full"), "failed", "no-space"),
        (OSError(errno.ENOMEM, "no memory"), "failed", "out-of-memory"),
        (MemoryError(), "failed", "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "failed", "out-of-memory"),
        (
            RuntimeError("could not create a primitive descriptor for a convolution"),
            "unsupported",
            "unsupported-operator",
        ),
        (
            RuntimeError("Could not find an implementation for Conv(11)"),
            "unsupported",
            "unsupported-operator",
        ),
        (ValueError("anything else"), "failed", "exception"),
    ],
)
def test_what_an_error_becomes(error: Exception, status: str, code: str) -> None:
    reason = reason_of(error)
    assert (reason.status, reason.code) == (status, code)
    assert str(error.args[-1] if error.args else "") in reason.message
