"""A provider as another distribution would bring it; copied into one by ``test_outside_provider``.

It gives this computer as a machine, once for each colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Finding, Machine, Offer, Order
from orchestrator.providers.registration import ProviderRegistration, Surroundings
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.fields import Strict, Words


class Toy(Strict):
    """This computer in colours."""

    provider: Literal["toy"]
    colours: Words


def resolve(entry: Toy, place: EntryPlace) -> Sequence[Platform]:
    for index, colour in enumerate(entry.colours):
        if not colour.islower():
            place.mistake(f"'{colour}' is no colour", "colours", index)
    return [Platform("toy", f"toy/{each}", pairs({"colour": each})) for each in entry.colours]


class ToyProvider:
    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings

    def offers(self, platform: Platform) -> Sequence[Offer]:
        return (Offer(price_per_hour=0.0),)

    def launch(self, order: Order) -> Machine:
        return Machine(f"toy-{order.platform.id}", order.platform)

    def wait(self, machine: Machine) -> Machine:
        return machine

    def release(self, machine: Machine) -> None:
        pass

    def find(self, run: str | None = None) -> Sequence[Machine]:
        return ()

    def delete_shared(self, run: str) -> None:
        pass

    def list_shared(self, owner: str | None = None) -> Sequence[str]:
        return ()

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        return ()


TOY = ProviderRegistration("toy", make=ToyProvider, entry=Toy, resolve=resolve, here=True)
LOCAL = ProviderRegistration("local", make=ToyProvider, here=True)
"""A name that is taken."""
NO_REGISTRATION = "toy"


def lacking(_: Surroundings) -> ToyProvider:
    raise ModuleNotFoundError("No module named 'paint'", name="paint")


UNPAINTED = ProviderRegistration("unpainted", make=lacking)
