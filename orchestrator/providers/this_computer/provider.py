"""This computer as a machine: as it is, masked, under QEMU, or playing a machine that is rented."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Finding, Machine, Offer, Order, Unavailable
from orchestrator.providers.qemu import Qemu


class ThisComputer:
    """The part of the contract that concerns the machine's life."""

    def offers(self, platform: Platform) -> Sequence[Offer]:  # noqa: ARG002 - the contract's
        """Here, for nothing."""
        return (Offer(price_per_hour=0.0),)

    def wait(self, machine: Machine) -> Machine:
        """This computer is up."""
        return machine

    def release(self, machine: Machine) -> None:
        """Nothing to end: containers, processes and emulators end with their job."""

    def find(self, run: str | None = None) -> Sequence[Machine]:  # noqa: ARG002 - the contract's
        """Nothing was made. Containers are found by their label: ``executors.container``."""
        return ()

    def delete_shared(self, run: str) -> None:
        """Nothing is shared."""

    def list_shared(self, owner: str | None = None) -> Sequence[str]:  # noqa: ARG002 - the contract's
        """Nothing is shared."""
        return ()

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:  # noqa: ARG002 - contract
        """Nothing that could be denied."""
        return ()


class EmulatedProvider(ThisComputer):
    """Provider ``emulated``: parameter ``cpu`` is a QEMU CPU model with optional overrides."""

    def __init__(self, qemu: Qemu) -> None:
        self._qemu = qemu

    def launch(self, order: Order) -> Machine:
        """This computer under QEMU. Raises ``Unavailable`` with the command that installs it."""
        return self._qemu.machine(order.platform)


class LocalProvider(ThisComputer):
    """Provider ``local``. ``architecture`` is this computer's: ``x86_64`` or ``arm64``."""

    def __init__(self, architecture: str = "x86_64") -> None:
        self._architecture = architecture

    def launch(self, order: Order) -> Machine:
        """This computer."""
        platform = order.platform
        return Machine(
            id=f"{platform.name}-{platform.id}", platform=platform, architecture=self._architecture
        )


MaskEnvironment = Callable[[str, str], Mapping[str, str] | None]
"""(level, framework) -> environment variables, ``None`` where the framework has no switch."""


class MaskProvider(ThisComputer):
    """Provider ``mask``: ``level`` is the widest instruction set that frameworks may use."""

    def __init__(
        self,
        host_flags: Collection[str],
        frameworks: Collection[str],
        environment: MaskEnvironment,
        required_flag: Callable[[str], str],
    ) -> None:
        self._host_flags = frozenset(host_flags)
        self._frameworks = sorted(frameworks)
        self._environment = environment
        self._required_flag = required_flag

    def launch(self, order: Order) -> Machine:
        """This computer, masked. Raises ``Unavailable`` where it lacks the level itself."""
        platform = order.platform
        level = str(platform.get("level"))
        flag = self._required_flag(level)
        if flag not in self._host_flags:
            raise Unavailable(
                "not-on-this-cpu", f"level {level} needs a CPU with {flag}; this one has it not"
            )
        given = {name: self._environment(level, name) for name in self._frameworks}
        return Machine(
            id=f"{platform.name}-{platform.id}",
            platform=platform,
            masked=level,
            environments=tuple((name, pairs(e)) for name, e in given.items() if e is not None),
        )


class RehearsalProvider(ThisComputer):
    """Provider ``rehearsal``: parameters ``cpu`` and ``arch`` name the emulated player."""

    def __init__(self, qemu: Qemu) -> None:
        self._qemu = qemu

    def launch(self, order: Order) -> Machine:
        """This computer under QEMU, marked as a rehearsal. Raises ``Unavailable``."""
        return self._qemu.machine(order.platform, rehearsal=True)
