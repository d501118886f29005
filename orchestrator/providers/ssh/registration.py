"""What the orchestrator has to know of provider ``ssh`` before anything is connected to."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Machine, SshPlacement
from orchestrator.providers.registration import ProviderRegistration, imported
from orchestrator.providers.ssh.entry import Ssh
from orchestrator.providers.ssh.hosts import placement_of, read_hosts
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.files import FileMistake


def _resolve(entry: Ssh, place: EntryPlace) -> Sequence[Platform]:
    try:
        hosts = read_hosts(entry.hosts, place.folder)
        placements = [placement_of(host, hosts) for host in hosts]
    except FileMistake as error:
        place.mistake(str(error), "hosts")
        return ()
    return [
        Platform("ssh", f"ssh/{host.name}", pairs({"host": host.name}), placement)
        for host, placement in zip(hosts, placements, strict=True)
    ]


def _how_to_end(machine: Machine) -> Sequence[str]:
    """The host stays; what may be left is a container on it."""
    placement = machine.platform.placement
    if isinstance(placement, SshPlacement):
        host = placement.host.name
    else:
        host = machine.address.host if machine.address else machine.platform.name
    run = f"={machine.run}-{machine.platform.id}" if machine.run else ""
    return ("ssh", "--", host, "docker", "ps", "--all", "--filter", f"label=eqc.run{run}")


REGISTRATIONS = (
    ProviderRegistration(
        "ssh",
        make=lambda _: imported("orchestrator.providers.ssh.provider:SshProvider")(),
        entry=Ssh,
        resolve=_resolve,
        how_to_end=_how_to_end,
    ),
)
