"""Pushing an image to a registry, once, so that every machine pulls the same bytes by digest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import docker.errors
from requests.exceptions import RequestException

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images.engine import Image, connect
from orchestrator.images.login import ECR, login_for, registry_host


@dataclass(frozen=True)
class Pushed:
    """An image in a registry."""

    repository: str
    """``host/path/name``."""
    digest: str
    """Of the manifest: ``sha256:…``."""

    @property
    def reference(self) -> str:
        """What a machine pulls; no tag can be moved under it."""
        return f"{self.repository}@{self.digest}"


def push(image: Image, registry: str) -> Pushed:
    """Push ``image`` below ``registry`` (``host/path``). Layers that are there are not sent again.

    Raises ``EnvironmentNotReady`` with what the registry said.
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
    """All of them are read: a reply that is left in the middle keeps its connection open."""
    digest, refusal = None, None
    for line in lines:
        refusal = line.get("error", refusal)
        digest = line.get("aux", {}).get("Digest", digest)
    if refusal is not None or digest is None:
        raise EnvironmentNotReady(
            f"{repository} could not be pushed: {refusal or 'the registry gave no digest'} (is the "
            "registry up, and may you push? see `docker login`)"
        )
    return str(digest)


def _make_repository(repository: str, region: str) -> None:
    """ECR wants a repository to be there before it is pushed to."""
    import boto3  # noqa: PLC0415 - an extra, which `login_for` has found
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = boto3.client("ecr", region_name=region)
    try:
        client.create_repository(repositoryName=repository.partition("/")[2])
    except client.exceptions.RepositoryAlreadyExistsException:
        return
    except (BotoCoreError, ClientError) as error:
        raise EnvironmentNotReady(f"{repository} could not be made: {error}") from error
