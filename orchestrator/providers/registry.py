"""Providers of machines far away, made when they are wanted: their SDKs are extras."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Callable, Mapping
from importlib import import_module

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.machine import Provider

FAR: Mapping[str, tuple[str, str]] = {
    "aws": ("orchestrator.providers.aws.provider", "AwsProvider"),
    "gcp": ("orchestrator.providers.gcp.provider", "GcpProvider"),
    "ssh": ("orchestrator.providers.ssh", "SshProvider"),
}
RENTED = ("aws", "gcp")
"""Those whose machines cost money and could be left behind."""


def far_provider(name: str) -> Provider:
    """The provider ``aws``, ``gcp`` or ``ssh``.

    Raises ``EnvironmentNotReady`` with the command that installs what it needs.
    """
    module, provider = FAR[name]
    try:
        make: Callable[[], Provider] = getattr(import_module(module), provider)
    except ImportError as error:
        raise EnvironmentNotReady(
            f"provider {name} needs {error.name}: pip install 'eqc-orchestrator[{name}]'"
        ) from error
    return make()


def owner() -> str:
    """Whose machines these are: ``EQC_OWNER``, or user and host; tags and labels can hold it."""
    named = os.environ.get("EQC_OWNER") or f"{getpass.getuser()}-{socket.gethostname()}"
    return re.sub(r"[^a-z0-9-]+", "-", named.lower()).strip("-")[:60] or "unknown"
