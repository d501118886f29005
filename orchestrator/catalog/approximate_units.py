"""Approximate instructions in groups, and whose results a digest of them is known to be."""

from __future__ import annotations

from collections.abc import Mapping

from blake3 import blake3

from orchestrator.catalog.lists import read

NONE = "none"
"""The unit of a machine that executes no instruction of a group."""
_HEX = 8


def approximation_units(digests: Mapping[str, str]) -> dict[str, str]:
    """The unit of each group, from a fingerprint's ``approximation``.

    A unit is who is known to give these results (``QEMU 7.2``), else ``unit`` and the first 8 hex
    digits of a hash of the group's digests: equal units compute alike.
    """
    return {
        group: _unit({name: digests[name] for name in names if name in digests})
        for group, names in groups().items()
    }


def groups() -> Mapping[str, tuple[str, ...]]:
    """The instructions of each group, by its name."""
    return {name: tuple(given) for name, given in read("approximate_units.json")["groups"].items()}


def group_of(instruction: str) -> str | None:
    """The group that an instruction belongs to; ``None``: it is not listed."""
    return next((group for group, names in groups().items() if instruction in names), None)


def _unit(digests: Mapping[str, str]) -> str:
    if not digests:
        return NONE
    known = read("approximate_units.json")["digests"]
    whose = {known.get(name, {}).get(digest) for name, digest in digests.items()}
    (name, *others) = whose
    if name is not None and not others:
        return str(name)
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return f"unit {blake3(lines.encode()).hexdigest()[:_HEX]}"
