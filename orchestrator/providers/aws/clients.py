"""boto3 clients, one per service, region and number of tries, shared by all threads."""

from __future__ import annotations

import logging
import threading
from typing import Any

import boto3
from botocore.config import Config

from orchestrator.providers.aws.errors import translated

HOME = "us-east-1"
"""The region for calls about the account, where the user's configuration names none."""
_ONE_TRY = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=10, read_timeout=60
)
_SOME_TRIES = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=60
)


class Clients:
    """Clients of one boto3 session, which reads ``AWS_ENDPOINT_URL`` and profiles as usual."""

    def __init__(self, session: boto3.Session | None = None) -> None:
        # At DEBUG botocore logs every parameter, and user data contains the host's private key.
        logging.getLogger("botocore").setLevel(logging.INFO)
        self._session = session
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lock = threading.Lock()

    def ec2(self, region: str) -> Any:
        """For calls that change something: one try, since the fleet retries them itself."""
        return self._client("ec2", region, patient=False)

    def reading(self, service: str, region: str | None = None) -> Any:
        """For calls that only read: up to four tries. ``region``: ``None`` is ``home``."""
        return self._client(service, region or self.home, patient=True)

    @property
    def home(self) -> str:
        """The region of the user's configuration."""
        with self._lock, translated("aws configuration"):
            return str(self._made_session().region_name or HOME)

    def enabled_regions(self) -> tuple[str, ...]:
        """Every region that the account may use, sorted. Raises ``ProviderError``."""
        with translated(f"ec2:DescribeRegions in {self.home}"):
            reply = self.reading("ec2").describe_regions()
        return tuple(sorted(str(region["RegionName"]) for region in reply["Regions"]))

    def _client(self, service: str, region: str, *, patient: bool) -> Any:
        key = (service, region, patient)
        # Creating clients of one session is not thread-safe; using them is.
        with self._lock:
            if key not in self._clients:
                with translated(f"aws {service} in {region}"):
                    self._clients[key] = self._made_session().client(
                        service, region_name=region, config=_SOME_TRIES if patient else _ONE_TRY
                    )
            return self._clients[key]

    def _made_session(self) -> boto3.Session:
        if self._session is None:
            self._session = boto3.Session()
        return self._session
