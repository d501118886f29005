"""Translates EC2's errors into ``ProviderError``, whose kind says what the fleet does then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from orchestrator.model.machine import ProviderError, ProviderErrorKind

KINDS: Mapping[ProviderErrorKind, tuple[str, ...]] = {
    ProviderErrorKind.CAPACITY: (
        "InsufficientInstanceCapacity",
        "InsufficientHostCapacity",
        "InsufficientCapacity",
        "InsufficientFreeAddressesInSubnet",
        "InsufficientAddressCapacity",
        "SpotMaxPriceTooLow",
        "Unsupported",  # this type is not offered in this zone
        "VPCIdNotSpecified",  # no default VPC in this region
        "OptInRequired",  # this region is not enabled for the account
    ),
    ProviderErrorKind.QUOTA: (
        "VcpuLimitExceeded",
        "InstanceLimitExceeded",
        "MaxSpotInstanceCountExceeded",
        "VolumeLimitExceeded",
        "SecurityGroupLimitExceeded",
        "PendingVerification",
    ),
    ProviderErrorKind.THROTTLED: (
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "EC2ThrottledException",
        "TooManyRequestsException",
        "SlowDown",
    ),
    ProviderErrorKind.DENIED: (
        "UnauthorizedOperation",
        "OperationNotPermitted",
        "AuthFailure",
        "AccessDenied",
        "AccessDeniedException",
        "Blocked",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ),
    ProviderErrorKind.UNCERTAIN: (
        "InternalError",
        "InternalFailure",
        "ServerInternal",
        "ServiceUnavailable",
        "Unavailable",
        "RequestTimeout",
        # Created a moment ago and not visible everywhere yet: the same order again finds it.
        "InvalidGroup.NotFound",
        "InvalidKeyPair.NotFound",
        # An instance with this token exists but is not listed by its tags yet.
        "IdempotentParameterMismatch",
    ),
}
_KIND_OF = {code: kind for kind, codes in KINDS.items() for code in codes}
_ADVICE = {
    "ExpiredToken": "log in again (e.g. aws sso login)",
    "ExpiredTokenException": "log in again (e.g. aws sso login)",
    "RequestExpired": "check this computer's clock",
    "SignatureDoesNotMatch": "check the secret key and this computer's clock",
    "InvalidSignatureException": "check the secret key and this computer's clock",
    "OptInRequired": "enable the region in the account's settings",
    "VPCIdNotSpecified": "make a default VPC there: aws ec2 create-default-vpc",
}
_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    ProfileNotFound,
    SSOError,
)
_LONGEST = 600
"""Characters of a message; an encoded authorisation failure can have thousands."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """In this context every error of the SDK becomes ``ProviderError``.

    ``doing``: the call and its region, for the message.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise refused(error, doing) from error


def refused(error: ClientError | BotoCoreError, doing: str) -> ProviderError:
    """``error`` as a ``ProviderError``. The caller raises it ``from error``."""
    if isinstance(error, ClientError):
        code = code_of(error)
        said = f"{doing}: {code}: {error.response['Error'].get('Message', '')}"
        advice = _ADVICE.get(code)
        message = said[:_LONGEST] + (f"; {advice}" if advice else "")
        return ProviderError(_kind(error), message, retry_after=_retry_after(error))
    if isinstance(error, _CREDENTIALS):
        message = f"{doing}: {error}; give boto3 credentials (environment, ~/.aws, or a role)"
        return ProviderError(ProviderErrorKind.DENIED, message[:_LONGEST])
    kind = (
        ProviderErrorKind.INVALID
        if isinstance(error, ParamValidationError)
        else ProviderErrorKind.UNCERTAIN
    )
    return ProviderError(kind, f"{doing}: {error}"[:_LONGEST])


def code_of(error: ClientError) -> str:
    """EC2's code of the error; ``Unknown`` where the reply has none."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _kind(error: ClientError) -> ProviderErrorKind:
    named = _KIND_OF.get(code_of(error))
    if named is not None:
        return named
    status = int(_metadata(error).get("HTTPStatusCode", 0))
    if status == 429:
        return ProviderErrorKind.THROTTLED
    if status in (401, 403):
        return ProviderErrorKind.DENIED
    return ProviderErrorKind.INVALID if 400 <= status < 500 else ProviderErrorKind.UNCERTAIN


def _retry_after(error: ClientError) -> float | None:
    said = str(_metadata(error).get("HTTPHeaders", {}).get("retry-after", ""))
    return float(said) if said.isdigit() else None


def _metadata(error: ClientError) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    return metadata
