"""An installation → what pip is asked for: its requirements, and what constrains them."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from orchestrator.catalog import frameworks
from orchestrator.model.experiment import Installation
from orchestrator.packages.pins import name_of
from orchestrator.system.paths import images_folder


def is_default(installation: Installation) -> bool:
    """Whether it is what the lock has: the image of the framework, or this interpreter."""
    return installation.pin is None and not installation.requires


def distribution_of(installation: Installation) -> str:
    """The distribution that a pin is about, ``tensorflow-cpu`` for ``tensorflow``."""
    return frameworks()[installation.framework].distribution


def requirements_of(installation: Installation) -> str:
    """The text of ``requirements.txt``: the framework's, its distribution pinned, and more."""
    framework = frameworks()[installation.framework]
    text = framework.requirements.read_text(encoding="utf-8")
    if is_default(installation):
        return text
    asked = {name_of(each) for each in installation.requires}
    if installation.pin is not None:
        asked.add(canonicalize_name(framework.distribution))
    lines = [line for line in _lines(text) if name_of(line) not in asked]
    if installation.pin is not None:
        lines.append(f"{framework.distribution}{installation.pin}")
    return "\n".join([*sorted(lines), *installation.requires, ""])


def constraints_of(installation: Installation) -> str:
    """The lock without the distributions that the installation names versions of."""
    text = (images_folder() / "lock.txt").read_text(encoding="utf-8")
    if is_default(installation):
        return text
    free = {name_of(each) for each in installation.requires}
    if installation.pin is not None:
        free.add(canonicalize_name(distribution_of(installation)))
    return "\n".join([*(line for line in _lines(text) if name_of(line) not in free), ""])


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line and line[0] not in "#-"]
