"""What holds for every provider whose machines cost nothing: the life of one of its machines."""

from __future__ import annotations

from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Order, Provider


def lives(provider: Provider, platform: Platform) -> None:
    """Launch → find → release twice → find nothing."""
    assert provider.offers(platform)
    machine = provider.launch(Order("run", platform))
    assert machine.platform == platform
    assert provider.wait(machine).id == machine.id
    # Launching again names the same machine: an interrupted call can be repeated.
    assert provider.launch(Order("run", platform)).id == machine.id
    provider.release(machine)
    provider.release(machine)
    assert list(provider.find("run")) == []
    assert list(provider.find()) == []
    provider.delete_shared("run")
    provider.delete_shared("run")
    assert list(provider.list_shared()) == []
