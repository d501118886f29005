"""This computer with the frameworks' own instruction-set switches turned down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from orchestrator.model.machine import Machine, Order, Unavailable
from orchestrator.model.experiment import pairs
from orchestrator.providers.this_computer import ThisComputer

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
