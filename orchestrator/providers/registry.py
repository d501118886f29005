"""All providers: ours, one line for each folder, and those that other distributions bring."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import MappingProxyType

from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.model.experiment import Json
from orchestrator.model.machine import Machine, Provider
from orchestrator.providers.registration import ProviderRegistration, Surroundings, by_reaping
from orchestrator.system.registry import Registry

OURS = (
    "orchestrator.providers.this_computer.registration",
    "orchestrator.providers.aws.registration",
    "orchestrator.providers.gcp.registration",
    "orchestrator.providers.ssh.registration",
)
"""Modules whose ``REGISTRATIONS`` are our providers, in the order of the JSON Schema."""
_NOTHING_KNOWN = Surroundings()


@cache
def registrations() -> Mapping[str, ProviderRegistration]:
    """Every provider by its name.

    Raises ``EnvironmentNotReady`` for a distribution whose provider cannot be loaded: without it
    an experiment would mean something else here than on another computer.
    """
    return MappingProxyType(dict(_registry()))


def providers() -> tuple[ProviderRegistration, ...]:
    """All of them, as ``experiment.load`` takes them. Raises as ``registrations`` does."""
    return tuple(registrations().values())


def registration(name: str) -> ProviderRegistration:
    """The provider ``name``. Raises ``EnvironmentNotReady`` where there is none."""
    found = registrations().get(name)
    if found is None:
        raise EnvironmentNotReady(
            f"no provider {name} is installed; there are {', '.join(registrations())}. Install "
            "the distribution that brings it"
        )
    return found


def is_here(name: str) -> bool:
    """Whether the machine of provider ``name`` is this computer."""
    return registration(name).here


def is_rented(name: str) -> bool:
    """Whether the machines of provider ``name`` cost money."""
    return registration(name).rented


def rented() -> tuple[str, ...]:
    """The names of those whose machines cost money and could be left behind."""
    return tuple(name for name, each in registrations().items() if each.rented)


def make(name: str, surroundings: Surroundings = _NOTHING_KNOWN) -> Provider:
    """The provider ``name``, ready to make machines.

    Raises ``EnvironmentNotReady`` with the command that installs what it needs.
    """
    with _needing(name):
        return registration(name).make(surroundings)


def refreshed(name: str, regions: Sequence[str], project: str | None) -> Mapping[str, Json]:
    """The lists of provider ``name`` for the catalogue, by kind, from its own API.

    Raises ``EnvironmentNotReady`` where it cannot be asked, ``UsageError`` where it has none.
    """
    refresh = registration(name).refresh
    if refresh is None:
        raise UsageError(f"provider {name} has no lists that could be renewed")
    with _needing(name):
        return refresh(regions, project)


def how_to_end(machine: Machine) -> str:
    """The command that a person ends ``machine`` with, quoted for a shell."""
    found = registrations().get(machine.platform.provider)
    return shlex.join((by_reaping if found is None else found.how_to_end)(machine))


def owner() -> str:
    """Whose machines these are: ``EQC_OWNER``, or user and host; tags and labels can hold it."""
    named = os.environ.get("EQC_OWNER") or f"{getpass.getuser()}-{socket.gethostname()}"
    return re.sub(r"[^a-z0-9-]+", "-", named.lower()).strip("-")[:60] or "unknown"


@cache
def _registry() -> Registry[ProviderRegistration]:
    return Registry("provider", "eqc_orchestrator.providers", _ours, _checked)


def _ours() -> Mapping[str, ProviderRegistration]:
    return {each.name: each for module in OURS for each in import_module(module).REGISTRATIONS}


def _checked(loaded: object, name: str) -> ProviderRegistration:
    if not isinstance(loaded, ProviderRegistration):
        raise TypeError(f"it is a {type(loaded).__name__}, not a ProviderRegistration")
    if loaded.name != name:
        raise ValueError(f"the provider calls itself {loaded.name!r}")
    return loaded


@contextmanager
def _needing(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        distribution = _registry().distribution(name)
        what = f"pip install 'eqc-orchestrator[{name}]'"
        if distribution is not None:
            what = f"install it; {distribution} did not bring it"
        raise EnvironmentNotReady(f"provider {name} needs {error.name}: {what}") from error
