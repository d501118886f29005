"""Where two machines differ in the units that compute approximate instructions."""

from __future__ import annotations

from orchestrator.results.fingerprint import Fingerprint


def approximation_differs(one: Fingerprint, other: Fingerprint) -> tuple[str, ...]:
    """The approximate instructions that both executed, with other results; sorted by name.

    Empty also where nothing is known of one of the two: ask ``approximation_known`` of both.
    """
    ours, theirs = one.approximation or {}, other.approximation or {}
    both = ours.keys() & theirs.keys()
    return tuple(sorted(name for name in both if ours[name] != theirs[name]))


def approximation_known(fingerprint: Fingerprint) -> bool:
    """Whether it says what approximate instructions give; those of older runners do not."""
    return fingerprint.approximation is not None
