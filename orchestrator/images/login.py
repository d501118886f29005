"""Short-lived logins for registries, as the clouds give them out, or as Docker keeps them here."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

import docker.auth
import docker.errors

from orchestrator.errors import EnvironmentNotReady

ECR = re.compile(r"\d+\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
GOOGLE = re.compile(r"(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)")


@dataclass(frozen=True)
class Login:
    """Who may pull. Goes to a machine by stdin only; never logged, never stored."""

    host: str
    user: str
    secret: str = field(repr=False)


def login_for(registry: str) -> Login | None:
    """The login of ``host/path``; ``None`` where it seems to want none.

    ECR and Google's registries: a token of the credentials at hand, which lives for hours. Any
    other: what ``docker login`` left on this computer. Raises ``EnvironmentNotReady``.
    """
    host = registry_host(registry)
    ecr = ECR.fullmatch(host)
    if ecr is not None:
        return _ecr(host, ecr["region"])
    if GOOGLE.fullmatch(host):
        return _google(host)
    return _docker(host)


def registry_host(registry: str) -> str:
    """The host, with its port, of ``host/path``."""
    return registry.partition("/")[0]


def _ecr(host: str, region: str) -> Login:
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError as error:
        raise EnvironmentNotReady(
            f"{host} needs boto3: pip install 'eqc-orchestrator[aws]'"
        ) from error
    try:
        given = boto3.client("ecr", region_name=region).get_authorization_token()
    except (BotoCoreError, ClientError) as error:
        raise EnvironmentNotReady(f"{host} gives no login: {error}") from error
    token = base64.b64decode(given["authorizationData"][0]["authorizationToken"]).decode()
    user, _, secret = token.partition(":")
    return Login(host, user, secret)


def _google(host: str) -> Login:
    try:
        import google.auth  # noqa: PLC0415 - an extra
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415
    except ImportError as error:
        raise EnvironmentNotReady(
            f"{host} needs google-auth: pip install 'eqc-orchestrator[gcp]'"
        ) from error
    try:
        credentials, _ = google.auth.default(
            scopes=["https://www.googleapis.com/auth/cloud-platform"]
        )
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise EnvironmentNotReady(f"{host} gives no login: {error}") from error
    return Login(host, "oauth2accesstoken", str(credentials.token))


def _docker(host: str) -> Login | None:
    try:
        known = docker.auth.load_config().resolve_authconfig(host)
    except docker.errors.DockerException as error:
        raise EnvironmentNotReady(f"the login for {host} cannot be read: {error}") from error
    if not known:
        return None
    user = known.get("username") or known.get("Username")
    secret = known.get("password") or known.get("Password")
    return Login(host, str(user), str(secret)) if user and secret else None
