"""Tests that install a version of the index say so here."""

from __future__ import annotations

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.packages.index import versions


def needs_index(distribution: str, *wanted: str, python: str = "3.11") -> None:
    """Skip the test where pip's index does not have these versions, or does not answer.

    Whatever fails after that is a failure.
    """
    try:
        there = {str(version) for version in versions(distribution, python).found}
    except EnvironmentNotReady as error:
        pytest.skip(str(error))
    if absent := set(wanted) - there:
        pytest.skip(f"the index does not have {distribution} {', '.join(sorted(absent))}")
