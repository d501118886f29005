"""Clients of google-cloud-compute, one per resource, shared by all threads."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import google.auth
import requests
from google.api_core.exceptions import (
    BadGateway,
    ServiceUnavailable,
    TooManyRequests,
    from_http_response,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import compute_v1

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.gcp.errors import translated

PROJECT = "GOOGLE_CLOUD_PROJECT"
COMPUTE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"
RESOURCE_MANAGER = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER"
"""The Google Cloud SDK's variables that override endpoints."""
_RESOURCE_MANAGER_URL = "https://cloudresourcemanager.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
TIMEOUT = 60.0
"""Seconds for one request."""
Client = TypeVar("Client")
_TRANSIENT = (ServiceUnavailable, TooManyRequests, BadGateway, requests.ConnectionError)


class Clients:
    """Clients of the user's own project and credentials, found as gcloud finds them.

    To an overridden endpoint without TLS no credentials are sent, so that no token can be read on
    the way: such an endpoint is a fake on this computer.
    """

    def __init__(self, *, patience: float = 10.0) -> None:
        """``patience``: seconds for which calls that only read are retried."""
        # At DEBUG both log every request, and metadata contains the host's private key.
        for name in ("google.cloud.compute_v1", "google.auth"):
            logging.getLogger(name).setLevel(logging.INFO)
        self._patience = patience
        self._made: dict[str, Any] = {}
        self._lock = threading.RLock()

    @property
    def project(self) -> str:
        """The project that pays. Raises ``ProviderError`` where none is configured."""
        return self._account()[1]

    @property
    def instances(self) -> compute_v1.InstancesClient:
        """For machines."""
        return self._client(compute_v1.InstancesClient)

    @property
    def zone_operations(self) -> compute_v1.ZoneOperationsClient:
        """For operations on machines."""
        return self._client(compute_v1.ZoneOperationsClient)

    @property
    def global_operations(self) -> compute_v1.GlobalOperationsClient:
        """For operations on firewall rules."""
        return self._client(compute_v1.GlobalOperationsClient)

    @property
    def firewalls(self) -> compute_v1.FirewallsClient:
        """For firewall rules."""
        return self._client(compute_v1.FirewallsClient)

    @property
    def zones(self) -> compute_v1.ZonesClient:
        """For zones."""
        return self._client(compute_v1.ZonesClient)

    @property
    def regions(self) -> compute_v1.RegionsClient:
        """For regions and their quotas."""
        return self._client(compute_v1.RegionsClient)

    @property
    def images(self) -> compute_v1.ImagesClient:
        """For machine images."""
        return self._client(compute_v1.ImagesClient)

    @property
    def looking(self) -> Mapping[str, Any]:
        """Keyword arguments of a call that only reads: it is retried."""
        retry = Retry(
            if_exception_type(*_TRANSIENT),
            initial=0.3,
            maximum=3.0,
            multiplier=2.0,
            timeout=self._patience,
        )
        return {"retry": retry, "timeout": TIMEOUT}

    @property
    def once(self) -> Mapping[str, Any]:
        """Keyword arguments of any other call: one try, since the fleet retries it itself."""
        return {"retry": None, "timeout": TIMEOUT}

    def permitted(self, permissions: list[str]) -> tuple[list[str], str | None]:
        """Which of ``permissions`` the project grants us, and the reply's ``Date`` header.

        Raises ``ProviderError``.
        """
        base, plain = _endpoint(RESOURCE_MANAGER)
        url = f"{base or _RESOURCE_MANAGER_URL}/v1/projects/{self.project}:testIamPermissions"
        with translated("resourcemanager.projects.testIamPermissions"):
            credentials = _nobody() if plain else self._account()[0]
            with AuthorizedSession(credentials) as session:  # type: ignore[no-untyped-call]
                answer = session.post(url, json={"permissions": permissions}, timeout=TIMEOUT)
            if not answer.ok:
                raise from_http_response(answer)  # type: ignore[no-untyped-call]
            return answer.json().get("permissions", []), answer.headers.get("Date")

    def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        with self._lock:
            for made in self._made.values():
                if hasattr(made, "transport"):
                    made.transport.close()
            self._made.clear()

    def _client(self, kind: Callable[..., Client]) -> Client:
        with self._lock:
            if kind.__name__ not in self._made:
                credentials, _ = self._account()
                base, _ = _endpoint(COMPUTE)
                options = {} if base is None else {"api_endpoint": base}
                with translated("gcp configuration"):
                    self._made[kind.__name__] = kind(
                        credentials=credentials, client_options=options
                    )
            made: Client = self._made[kind.__name__]
            return made

    def _account(self) -> tuple[Credentials, str]:
        with self._lock:
            if "account" not in self._made:
                self._made["account"] = _found_account()
            found: tuple[Credentials, str] = self._made["account"]
            return found


def _found_account() -> tuple[Credentials, str]:
    project = os.environ.get(PROJECT)
    credentials: Credentials
    if _endpoint(COMPUTE)[1]:
        credentials = _nobody()
    else:
        with translated("gcp credentials"):
            credentials, configured = google.auth.default(scopes=_SCOPES)
        project = project or configured
    if not project:
        raise ProviderError(
            ProviderErrorKind.DENIED, f"no project of Google Cloud is configured: set {PROJECT}"
        )
    return credentials, project


def _nobody() -> Credentials:
    return AnonymousCredentials()  # type: ignore[no-untyped-call]


def _endpoint(variable: str) -> tuple[str | None, bool]:
    """(scheme and host in ``variable``, ``None`` where it is not set; whether without TLS)."""
    said = os.environ.get(variable)
    if not said:
        return None, False
    parts = urlsplit(said)
    return f"{parts.scheme}://{parts.netloc}", parts.scheme == "http"
