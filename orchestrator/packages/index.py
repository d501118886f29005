"""Which versions of a distribution pip's index has, and for which Pythons.

pip is asked, with its own configuration: nothing of indexes, proxies or logins is known here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Installation
from orchestrator.packages.interpreters import minors
from orchestrator.packages.requirements import distribution_of
from orchestrator.system.program import completed, last_lines

_LISTED = re.compile(r"^Available versions: (.*)$", re.MULTILINE)
_NO_ANSWER = re.compile(r"after connection broken|Failed to establish|Temporary failure in name")


@dataclass(frozen=True)
class Versions:
    """What the index has of one distribution for one Python."""

    found: tuple[Version, ...]
    """The newest first, with pre-releases."""
    answered: bool
    """Whether every index could be reached."""

    def allowed(self, pin: str | None) -> bool:
        """Whether one of them is what ``pin`` asks for, by pip's rule for pre-releases."""
        return any(True for _ in SpecifierSet(pin or "").filter(self.found))


@cache
def versions(distribution: str, python: str) -> Versions:
    """Those with a wheel, or a source, for ``python`` (``3.11``) on this computer."""
    done = completed(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries", "1"),
            *("index", "versions", distribution, "--pre", "--python-version", python),
        ]
    )
    if "No matching distribution" not in done.stderr and done.returncode:
        raise EnvironmentNotReady(f"pip index failed:\n{last_lines(done.stderr)}")
    match = _LISTED.search(done.stdout)
    names = match[1].split(",") if match else ()
    return Versions(tuple(_versions(names)), _NO_ANSWER.search(done.stderr) is None)


def python_for(installation: Installation, wanted: Iterable[str]) -> str | None:
    """The first Python of ``wanted`` (``3.11``) that the index has the pinned version for."""
    name = distribution_of(installation)
    return next((p for p in wanted if versions(name, p).allowed(installation.pin)), None)


def missing(installations: Iterable[Installation]) -> dict[Installation, str]:
    """Those whose pinned version the index does not have for any Python, with what it has.

    Raises ``EnvironmentNotReady`` where the index does not answer.
    """
    return {
        installation: _said(installation)
        for installation in sorted(set(installations), key=str)
        if installation.pin is not None and python_for(installation, minors()) is None
    }


def _said(installation: Installation) -> str:
    name = distribution_of(installation)
    each = [versions(name, minor) for minor in minors()]
    if not all(of.answered for of in each):
        raise EnvironmentNotReady(
            f"{installation.label}: pip's index does not answer, so its versions are not known "
            "(is this computer offline?); run again with a network, or pin what is installed"
        )
    there = sorted({version for of in each for version in of.found}, reverse=True)
    stable = [version for version in there if not version.is_prerelease] or there
    has = f"there are {', '.join(map(str, stable))}" if stable else f"it has no {name} at all"
    return f"{installation.label}: the index has no such version of {name}; {has}"


def _versions(names: Iterable[str]) -> Iterable[Version]:
    for name in names:
        try:
            yield Version(name.strip())
        except InvalidVersion:
            continue
