"""EC2's known errors become ``ProviderError`` with the kind that the fleet acts on."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.aws.errors import KINDS, translated


def said(code: str, status: int = 400, headers: dict[str, str] | None = None) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": "as EC2 puts it"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(response, "RunInstances")  # type: ignore[arg-type]


def refusal(error: ClientError | BotoCoreError) -> ProviderError:
    with pytest.raises(ProviderError) as raised, translated("ec2:RunInstances in eu-west-3"):
        raise error
    assert raised.value.__cause__ is error
    assert "eu-west-3" in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for kind, codes in KINDS.items() for code in codes]
)
def test_a_known_code(code: str, kind: ProviderErrorKind) -> None:
    refused = refusal(said(code))
    assert refused.kind is kind
    assert code in str(refused)
    assert "as EC2 puts it" in str(refused)


def test_no_code_has_two_meanings() -> None:
    codes = [code for several in KINDS.values() for code in several]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InvalidParameterValue", 400, ProviderErrorKind.INVALID),
        ("InvalidAMIID.NotFound", 400, ProviderErrorKind.INVALID),
        ("InvalidInstanceType", 400, ProviderErrorKind.INVALID),
        ("NeverHeardOf", 400, ProviderErrorKind.INVALID),
        ("NeverHeardOf", 429, ProviderErrorKind.THROTTLED),
        ("NeverHeardOf", 403, ProviderErrorKind.DENIED),
        ("NeverHeardOf", 500, ProviderErrorKind.UNCERTAIN),
        ("NeverHeardOf", 503, ProviderErrorKind.UNCERTAIN),
    ],
)
def test_an_unknown_code_is_classified_by_its_status(
    code: str, status: int, kind: ProviderErrorKind
) -> None:
    assert refusal(said(code, status)).kind is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoCredentialsError(), ProviderErrorKind.DENIED),
        (ParamValidationError(report="no such parameter"), ProviderErrorKind.INVALID),
        (ReadTimeoutError(endpoint_url="http://x"), ProviderErrorKind.UNCERTAIN),
        (ConnectionClosedError(endpoint_url="http://x"), ProviderErrorKind.UNCERTAIN),
        (EndpointConnectionError(endpoint_url="http://x"), ProviderErrorKind.UNCERTAIN),
    ],
)
def test_errors_of_the_connection(error: BotoCoreError, kind: ProviderErrorKind) -> None:
    assert refusal(error).kind is kind


def test_the_wait_that_ec2_requests_is_passed_on() -> None:
    assert refusal(said("RequestLimitExceeded", 503, {"retry-after": "7"})).retry_after == 7
    assert refusal(said("RequestLimitExceeded", 503)).retry_after is None


def test_expired_credentials_say_what_to_do() -> None:
    assert "log in again" in str(refusal(said("ExpiredToken")))
