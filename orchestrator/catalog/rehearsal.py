"""Which emulated CPU plays a machine that is not here (``rehearsal_cpus.json``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.catalog.data import read


@dataclass(frozen=True)
class Player:
    """A CPU model of QEMU's user mode, and what it has not of the machine it plays."""

    cpu: str
    lacks: str | None = None


def player(microarchitectures: Sequence[str], architecture: str) -> Player:
    """The player of a machine that may have any of ``microarchitectures``, oldest first.

    The first that is known decides: a rehearsal shows that a sweep runs, not which class results.
    """
    data = read("rehearsal_cpus.json")
    known = data[architecture]
    for name in microarchitectures:
        if name in known:
            return Player(**known[name])
    return Player(**data["otherwise"][architecture])
