"""Compute Engine's known errors become ``ProviderError`` with the kind that the fleet acts on."""

from __future__ import annotations

import re

import pytest
import requests
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
    from_http_status,
)
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.cloud import compute_v1

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.gcp.errors import KINDS, failed, translated

CODES = [(code, kind) for kind, codes in KINDS.items() for code in codes]


def camel(code: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), code.lower())


def said(status: int, reason: str, message: str = "as Google puts it") -> GoogleAPICallError:
    errors = [{"reason": reason, "message": message, "domain": "global"}]
    return from_http_status(status, message, errors=errors)  # type: ignore[no-untyped-call,no-any-return]


def refusal(error: Exception) -> ProviderError:
    with (
        pytest.raises(ProviderError) as raised,
        translated("compute.instances.insert in me-west1-a"),
    ):
        raise error
    assert raised.value.__cause__ is error
    assert "me-west1-a" in str(raised.value)
    return raised.value


def ended(code: str, status: int = 400, message: str = "") -> ProviderError | None:
    operation = compute_v1.Operation(
        error=compute_v1.Error(errors=[compute_v1.Errors(code=code, message=message)]),
        http_error_status_code=status,
    )
    return failed(operation, "compute.instances.insert")


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_a_known_code_in_a_reply(code: str, kind: ProviderErrorKind) -> None:
    assert refusal(said(400, code)).kind is kind
    refused = refusal(said(503, camel(code)))
    assert refused.kind is kind
    assert "as Google puts it" in str(refused)


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_a_known_code_in_an_operation_is_certain(code: str, kind: ProviderErrorKind) -> None:
    certain = (
        ProviderErrorKind.GONE
        if kind in (ProviderErrorKind.UNCERTAIN, ProviderErrorKind.THROTTLED)
        else kind
    )
    refused = ended(code, 503)
    assert refused is not None
    assert refused.kind is certain
    assert code in str(refused)


def test_no_code_has_two_meanings() -> None:
    codes = [camel(code) for code, _ in CODES]
    assert len(codes) == len(set(codes))


def test_an_operation_that_did_not_fail() -> None:
    assert failed(compute_v1.Operation(name="fine"), "anything") is None


def test_a_stockout_takes_precedence_over_other_errors_beside_it() -> None:
    operation = compute_v1.Operation(
        error=compute_v1.Error(
            errors=[
                compute_v1.Errors(code="INTERNAL_ERROR"),
                compute_v1.Errors(code="ZONE_RESOURCE_POOL_EXHAUSTED"),
            ]
        ),
        http_error_status_code=503,
    )
    refused = failed(operation, "insert")
    assert refused is not None
    assert refused.kind is ProviderErrorKind.CAPACITY


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderErrorKind.INVALID),
        (401, ProviderErrorKind.DENIED),
        (403, ProviderErrorKind.DENIED),
        (404, ProviderErrorKind.INVALID),
        (429, ProviderErrorKind.THROTTLED),
        (500, ProviderErrorKind.UNCERTAIN),
        (503, ProviderErrorKind.UNCERTAIN),
    ],
)
def test_an_unknown_code_goes_by_its_status(status: int, kind: ProviderErrorKind) -> None:
    assert refusal(said(status, "brandNew")).kind is kind


@pytest.mark.parametrize(
    "words",
    [
        "Invalid value: Machine type with name 'a2-highgpu-1g' does not exist in zone 'z'.",
        "The resource 'projects/p/zones/z/acceleratorTypes/nvidia-tesla-t4' was not found",
        "CPU platform type with name 'AMD Milan' is not available in zone z.",
    ],
)
def test_what_a_zone_lacks_may_be_in_another_zone(words: str) -> None:
    assert refusal(said(400, "invalid", words)).kind is ProviderErrorKind.CAPACITY


def test_another_thing_that_is_not_there_is_nowhere() -> None:
    words = "The resource 'projects/p/global/images/x' was not found"
    assert refusal(NotFound(words)).kind is ProviderErrorKind.INVALID  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DefaultCredentialsError("none"), ProviderErrorKind.DENIED),  # type: ignore[no-untyped-call]
        (RefreshError("expired"), ProviderErrorKind.DENIED),  # type: ignore[no-untyped-call]
        (TransportError("no route"), ProviderErrorKind.UNCERTAIN),  # type: ignore[no-untyped-call]
        (requests.ConnectionError("reset"), ProviderErrorKind.UNCERTAIN),
        (requests.Timeout("slow"), ProviderErrorKind.UNCERTAIN),
        (RetryError("given up", ServiceUnavailable("x")), ProviderErrorKind.UNCERTAIN),  # type: ignore[no-untyped-call]
    ],
)
def test_errors_without_a_reply(error: Exception, kind: ProviderErrorKind) -> None:
    assert refusal(error).kind is kind


def test_how_long_to_wait_is_passed_on() -> None:
    answer = requests.Response()
    answer.headers["Retry-After"] = "7"
    error = TooManyRequests("slowly", response=answer)  # type: ignore[no-untyped-call]
    assert refusal(error).retry_after == 7.0
    assert refusal(Forbidden("no")).retry_after is None  # type: ignore[no-untyped-call]


def test_a_long_message_is_cut() -> None:
    assert len(str(refusal(said(400, "invalid", "x" * 5000)))) < 700


def test_an_error_of_ours_is_not_translated() -> None:
    with pytest.raises(ZeroDivisionError), translated("anything"):
        _ = 1 / 0
