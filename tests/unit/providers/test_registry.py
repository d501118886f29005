"""All providers by their names, and what is asked of one without making it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator import catalog
from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Address, Machine, Offer, SshHost, SshPlacement
from orchestrator.providers import registry
from orchestrator.providers.registration import ProviderRegistration
from orchestrator.providers.this_computer.registration import Local


def test_who_is_here_and_who_is_rented() -> None:
    here = {name for name in registry.registrations() if registry.is_here(name)}
    assert here == {"local", "mask", "cpuid", "emulated", "rehearsal"}
    assert registry.rented() == ("aws", "gcp")
    assert all(not registry.is_here(name) for name in registry.rented())
    named = {each.name for each in registry.providers() if each.entry is not None}
    assert named == {"local", "mask", "cpuid", "emulated", "ssh", "aws", "gcp"}


def test_the_catalogue_is_of_providers_that_there_are() -> None:
    catalogued = [each.name for each in registry.providers() if each.catalogued]
    assert sorted(catalogued) == sorted(catalog.PROVIDERS)
    assert {each.name for each in registry.providers() if each.refresh} == {*catalog.PROVIDERS}


def machine(provider: str, **named: object) -> Machine:
    platform = Platform(provider, f"{provider}/name", (), named.pop("placement", None))  # type: ignore[arg-type]
    return Machine("zones/z/m-1", platform, **named)  # type: ignore[arg-type]


IN_ZONE = Offer("r-1", "r-1-b")


@pytest.mark.parametrize(
    ("left", "command"),
    [
        (machine("aws", offer=IN_ZONE), "aws ec2 terminate-instances --instance-ids zones/z/m-1"),
        (machine("aws", offer=IN_ZONE), "--region r-1"),
        (machine("gcp", offer=IN_ZONE), "gcloud compute instances delete m-1 --zone r-1-b"),
        (machine("gcp"), "gcloud compute instances delete m-1"),
        (machine("ssh", address=Address("h")), "ssh -- h docker ps --all --filter label=eqc.run"),
        (
            machine("ssh", address=Address("10.0.0.1"), placement=SshPlacement(SshHost("alias"))),
            "ssh -- alias docker ps",
        ),
        (machine("local", run="run-1"), "eqc reap --run run-1"),
        (machine("nobody's"), "eqc reap"),
    ],
)
def test_how_a_person_ends_a_machine(left: Machine, command: str) -> None:
    assert command in registry.how_to_end(left)


def test_a_provider_that_is_not_installed_is_told() -> None:
    with pytest.raises(EnvironmentNotReady, match="no provider azure is installed; there are loc"):
        registry.make("azure")


def test_what_a_provider_needs_is_told_with_the_command_that_installs_it() -> None:
    code = (
        "import sys; sys.modules['boto3'] = None\n"
        "from orchestrator.errors import EnvironmentNotReady\n"
        "from orchestrator.providers import registry\n"
        "for ask in (registry.make, lambda name: registry.refreshed(name, (), None)):\n"
        "    try: ask('aws')\n"
        "    except EnvironmentNotReady as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    line = "provider aws needs boto3: pip install 'eqc-orchestrator[aws]'\n"
    assert done.stdout == 2 * line, done.stderr


def test_lists_of_a_provider_without_any_cannot_be_renewed() -> None:
    with pytest.raises(UsageError, match="provider ssh has no lists"):
        registry.refreshed("ssh", (), None)


@pytest.mark.parametrize(
    "named",
    [
        {"name": "toy", "entry": Local, "resolve": list},
        {"name": "local", "entry": Local},
        {"name": "local", "resolve": list},
    ],
)
def test_a_registration_and_its_entry_have_one_name(named: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="needs"):
        ProviderRegistration(make=lambda _: None, **named)  # type: ignore[arg-type]
