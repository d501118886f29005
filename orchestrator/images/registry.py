"""Pushes an image to a registry once; every machine then pulls the same bytes by their digest.

Logins come from the cloud's credentials, as tokens that expire after hours, or from the file in
which ``docker login`` keeps them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import docker.auth
import docker.errors
from requests.exceptions import RequestException

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images.engine import Image, connect


@dataclass(frozen=True)
class Pushed:
    """An image in a registry."""

    repository: str
    """``host/path/name``."""
    digest: str
    """The manifest's digest: ``sha256:…``."""

    @property
    def reference(self) -> str:
        """What a machine pulls: by digest, since a tag may come to name another image."""
        return f"{self.repository}@{self.digest}"


def push(image: Image, registry: str) -> Pushed:
    """Push ``image`` to ``registry`` (``host/path``); layers that it has are not sent again.

    Raises ``EnvironmentNotReady`` with the registry's message.
    """
    name, _, tag = image.reference.partition(":")
    repository = f"{registry.rstrip('/')}/{name}"
    login = login_for(registry)
    ecr = ECR.fullmatch(registry_host(registry))
    if ecr is not None:
        _make_repository(repository, ecr["region"])
    auth = None if login is None else {"username": login.user, "password": login.secret}
    client = connect()
    try:
        client.images.get(image.digest).tag(repository, tag)
        try:
            lines = client.images.push(repository, tag, auth_config=auth, stream=True, decode=True)
            digest = _digest(lines, repository)
        finally:
            client.images.remove(f"{repository}:{tag}")
    except (docker.errors.DockerException, RequestException) as error:
        raise EnvironmentNotReady(f"{repository} could not be pushed: {error}") from error
    finally:
        client.close()
    return Pushed(repository, digest)


def _digest(lines: Iterable[dict[str, Any]], repository: str) -> str:
    """The digest in the engine's reply. Raises ``EnvironmentNotReady`` with the registry's error.

    All lines are read, also after an error: a half-read reply keeps its connection open.
    """
    digest, refusal = None, None
    for line in lines:
        refusal = line.get("error", refusal)
        digest = line.get("aux", {}).get("Digest", digest)
    if refusal is not None or digest is None:
        raise EnvironmentNotReady(
            f"{repository} could not be pushed: {refusal or 'the registry gave no digest'} (is the "
            "registry up, and are you allowed to push? see `docker login`)"
        )
    return str(digest)


def _make_repository(repository: str, region: str) -> None:
    """Create the repository if it is absent: ECR refuses a push to one that does not exist."""
    import boto3  # noqa: PLC0415 - an optional dependency; `login_for` has imported it before
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = boto3.client("ecr", region_name=region)
    try:
        client.create_repository(repositoryName=repository.partition("/")[2])
    except client.exceptions.RepositoryAlreadyExistsException:
        return
    except (BotoCoreError, ClientError) as error:
        raise EnvironmentNotReady(f"{repository} could not be made: {error}") from error


ECR = re.compile(r"\d+\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
GOOGLE = re.compile(r"(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)")


@dataclass(frozen=True)
class Login:
    """A registry's user and secret. Sent to machines by stdin only; never logged or stored."""

    host: str
    user: str
    secret: str = field(repr=False)


def login_for(registry: str) -> Login | None:
    """The login for registry ``host/path``; ``None`` where none is known.

    ECR and Google's registries: a token from the cloud's credentials, valid for hours. Any other
    registry: the login that ``docker login`` stored on this computer. Raises
    ``EnvironmentNotReady``: an SDK is missing, or the credentials are not valid.
    """
    host = registry_host(registry)
    ecr = ECR.fullmatch(host)
    if ecr is not None:
        return _ecr(host, ecr["region"])
    if GOOGLE.fullmatch(host):
        return _google(host)
    return _docker(host)


def registry_host(registry: str) -> str:
    """``host`` or ``host:port`` of ``host/path``."""
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
