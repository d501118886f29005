"""``onnxruntime==1.20.1`` → an installation; requirements (PEP 508) in one normal form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from orchestrator.model.experiment import Installation

_WRITTEN = re.compile(r"\s*(?P<name>[^\s=<>!~@\[;,]*)\s*(?P<pin>.*?)\s*", re.DOTALL)
EXAMPLE = "onnxruntime==1.20.1"


def parse_on(text: str) -> Installation:
    """What ``on`` says: a framework's name, and a version of it (PEP 440) where one is wanted.

    The name is not looked up. Raises ``ValueError`` with what is wrong.
    """
    match = _WRITTEN.fullmatch(text)
    name, pin = (match["name"], match["pin"]) if match else ("", text)
    if not name:
        raise ValueError(
            f"{text!r} has no framework before its version; a pin with a comma needs quotes: "
            '"onnxruntime>=1.20,<1.21"'
        )
    if not pin:
        return Installation(name)
    try:
        specifier = SpecifierSet(pin)
    except InvalidSpecifier as error:
        raise ValueError(
            f"{pin!r} is no version specifier (PEP 440): a version is pinned like {EXAMPLE}, "
            f'a range like "onnxruntime>=1.20,<1.21"'
        ) from error
    return Installation(name, str(specifier) or None)


def normal_requirement(text: str) -> str:
    """A requirement (PEP 508) in its normal form. Raises ``ValueError`` with what is wrong."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(
            f"{text!r} is no requirement (PEP 508): one is written like scipy>=1.14, or like "
            "scipy>=1.14,<2; python_version < '3.13'"
        ) from error
    if requirement.url and urlsplit(requirement.url).username is not None:
        raise ValueError(
            f"{requirement.name}: its URL has a login, which would be stored with the results; "
            "give it to pip's configuration"
        )
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def name_of(requirement: str) -> str:
    """The normal name of the distribution that a requirement asks for."""
    return canonicalize_name(Requirement(requirement).name)


def unmet(requirements: Iterable[str], installed: dict[str, str | None]) -> tuple[str, ...]:
    """Those that ``installed`` (by normal name; ``None``: absent) does not satisfy, with why.

    A requirement with a marker is for some computers only: it is not judged here.
    """
    lacking = []
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None:
            continue
        version = installed.get(canonicalize_name(requirement.name))
        if version is None:
            lacking.append(f"{text}: not installed")
        elif not requirement.specifier.contains(version, prereleases=True):
            lacking.append(f"{text}: it has {version}")
    return tuple(lacking)
