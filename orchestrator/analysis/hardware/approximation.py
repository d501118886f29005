"""Where two machines differ in the units that compute approximate instructions."""

from __future__ import annotations

from orchestrator.catalog.approximate_operators import approximate_operators
from orchestrator.results.fingerprint import Fingerprint


def approximation_differs(one: Fingerprint, other: Fingerprint) -> tuple[str, ...]:
    """The approximate instructions that both executed, with other results; sorted by name.

    Empty also where nothing is known of one of the two, whose ``approximation`` is then ``None``.
    """
    ours, theirs = one.approximation or {}, other.approximation or {}
    both = ours.keys() & theirs.keys()
    return tuple(sorted(name for name in both if ours[name] != theirs[name]))


def operators_that_differ(framework: str, one: Fingerprint, other: Fingerprint) -> tuple[str, ...]:
    """The operators of ``framework`` that may differ between two machines for that alone; sorted.

    Named as in ``approximate_operators.json``. Raises ``KeyError`` where the framework was not
    measured.
    """
    operators = approximate_operators(framework)
    if operators is None:
        raise KeyError(framework)
    differing = set(approximation_differs(one, other))
    return tuple(sorted(name for name, given in operators.items() if differing & set(given)))
