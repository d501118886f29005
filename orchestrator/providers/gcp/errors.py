"""Translates Compute Engine's errors into ``ProviderError``, whose kind the fleet acts on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import requests
from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import compute_v1
from google.protobuf.json_format import ParseError

from orchestrator.model.machine import ProviderError, ProviderErrorKind

KINDS: Mapping[ProviderErrorKind, tuple[str, ...]] = {
    ProviderErrorKind.CAPACITY: (
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        "RESOURCE_POOL_EXHAUSTED",
        "STOCKOUT",
    ),
    ProviderErrorKind.QUOTA: ("QUOTA_EXCEEDED", "LIMIT_EXCEEDED", "VPC_RESOURCE_QUOTA_EXCEEDED"),
    ProviderErrorKind.THROTTLED: (
        "RATE_LIMIT_EXCEEDED",
        "USER_RATE_LIMIT_EXCEEDED",
        "RESOURCE_OPERATION_RATE_EXCEEDED",
        "OPERATION_RATE_EXCEEDED",
        "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED",
    ),
    ProviderErrorKind.DENIED: (
        "FORBIDDEN",
        "PERMISSIONS_ERROR",
        "PERMISSION_DENIED",
        "ACCESS_NOT_CONFIGURED",
        "ACCOUNT_DISABLED",
        "AUTH_ERROR",
        "BILLING_NOT_ENABLED",
        "INSUFFICIENT_PERMISSIONS",
        "REQUIRED",
        "SERVICE_DISABLED",
    ),
    ProviderErrorKind.UNCERTAIN: (
        "BACKEND_ERROR",
        "INTERNAL_ERROR",
        "SERVICE_UNAVAILABLE",
        # Another operation on the same resource has not ended yet.
        "RESOURCE_NOT_READY",
        "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
    ),
}
ERRORS = (GoogleAPIError, GoogleAuthError, requests.RequestException, ParseError)
"""The exceptions of the SDK; the last two come from libraries that it uses."""
_NOT_HERE = re.compile(
    r"does not exist in zone|(machine|accelerator)Types/\S+ was not found"
    r"|not (available|supported|found) in (the )?(zone|region|location)"
)
"""Messages for hardware that a zone does not have: Compute Engine has no code for that."""
_LONGEST = 600


def _plain(code: str) -> str:
    # The same code is `QUOTA_EXCEEDED` in an operation and `quotaExceeded` in a reply.
    return code.replace("_", "").lower()


_KIND_OF = {_plain(code): kind for kind, codes in KINDS.items() for code in codes}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """In this context every error of the SDK becomes ``ProviderError``.

    ``doing``: the call and its zone, for the message.
    """
    try:
        yield
    except ERRORS as error:
        raise refused(error, doing) from error


def refused(error: Exception, doing: str) -> ProviderError:
    """An error of the SDK as a ``ProviderError``. The caller raises it ``from error``."""
    said = f"{doing}: {error}"[:_LONGEST]
    if isinstance(error, GoogleAPICallError):
        kind = _kind(codes_of(error), str(error), int(error.code or 0))
        return ProviderError(kind, said, retry_after=_retry_after(error))
    if isinstance(error, GoogleAuthError) and not isinstance(error, TransportError):
        advice = "gcloud auth application-default login"
        return ProviderError(ProviderErrorKind.DENIED, f"{said}; log in again (e.g. {advice})")
    return ProviderError(ProviderErrorKind.UNCERTAIN, said)


def failed(operation: compute_v1.Operation, doing: str) -> ProviderError | None:
    """The error of an ended operation; ``None``: it did not fail.

    The same order again would only return this operation. So kinds that would repeat the order
    (uncertain, throttled) become ``GONE``, after which a new attempt is made.
    """
    errors = list(operation.error.errors)
    status = operation.http_error_status_code
    if not errors and not status:
        return None
    codes = [error.code for error in errors]
    words = "; ".join(f"{e.code}: {e.message}" for e in errors) or operation.http_error_message
    kind = _kind(codes, words, status)
    if kind in (ProviderErrorKind.UNCERTAIN, ProviderErrorKind.THROTTLED):
        kind = ProviderErrorKind.GONE
    return ProviderError(kind, f"{doing}: {words or status}"[:_LONGEST])


def codes_of(error: GoogleAPICallError) -> list[str]:
    """Compute Engine's codes of an error, e.g. ``quotaExceeded``."""
    found = [str(one.get("reason", "")) for one in error.errors if isinstance(one, dict)]
    return [*filter(None, [*found, error.reason])]


def status_of(error: Exception) -> int:
    """The HTTP status of an error reply; 0 where there was no reply."""
    return int(error.code or 0) if isinstance(error, GoogleAPICallError) else 0


def _kind(codes: Iterable[str], words: str, status: int) -> ProviderErrorKind:
    named = [_KIND_OF[_plain(code)] for code in codes if _plain(code) in _KIND_OF]
    # A stockout may also have the status 503 and codes of temporary failures: so it goes first.
    for kind in (ProviderErrorKind.CAPACITY, ProviderErrorKind.QUOTA, ProviderErrorKind.THROTTLED):
        if kind in named:
            return kind
    if named:
        return named[0]
    if _NOT_HERE.search(words):
        return ProviderErrorKind.CAPACITY
    if status == requests.codes.too_many_requests:
        return ProviderErrorKind.THROTTLED
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        return ProviderErrorKind.DENIED
    return ProviderErrorKind.INVALID if 400 <= status < 500 else ProviderErrorKind.UNCERTAIN


def _retry_after(error: GoogleAPICallError) -> float | None:
    headers = getattr(error.response, "headers", None) or {}
    said = str(headers.get("Retry-After", ""))
    return float(said) if said.isdigit() else None
