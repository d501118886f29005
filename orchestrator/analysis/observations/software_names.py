"""What tables call a software: the framework and its version, and else by what it differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.analysis.observations.table import Observations
from orchestrator.results.record import SoftwareRecord

_SAID = 2
"""Differences that a name mentions."""


@dataclass(frozen=True)
class Told:
    """A software, and the libraries that the framework reported, by name."""

    software: SoftwareRecord
    libraries: Mapping[str, str]

    @property
    def short(self) -> str:
        """The framework and its version."""
        return f"{self.software.framework} {self.software.version or 'of unknown version'}"

    @property
    def parts(self) -> dict[str, str]:
        """All that one software may differ by from another of its version, most telling first."""
        known = self.software
        recorded = {"packages": "not recorded"} if known.runner is None else {}
        return {
            **recorded,
            **{name: known.packages[name] for name in sorted(known.packages)},
            **{name: self.libraries[name] for name in sorted(self.libraries)},
            **{name: known.platform_packages[name] for name in sorted(known.platform_packages)},
            "Python": known.python or "",
            "runner": known.runner or "",
            **{name: f"= {value}" for name, value in sorted(known.environment.items())},
        }


def software_names(told: Mapping[str, Told]) -> dict[str, str]:
    """A name for each software by its id, unique among them."""
    same: dict[str, list[str]] = defaultdict(list)
    for key, each in told.items():
        same[each.short].append(key)
    names: dict[str, str] = {}
    for short, keys in same.items():
        if len(keys) == 1:
            names[keys[0]] = short
            continue
        told_apart = _differences([told[key].parts for key in keys])
        for key, words in zip(keys, told_apart, strict=True):
            alone = words and told_apart.count(words) == 1
            names[key] = f"{short} ({words})" if alone else f"{short} (#{key[:6]})"
    return names


def is_called(name: str, told: Told, wanted: str) -> bool:
    """Whether ``wanted`` is the name of this software, its framework and version, or its id."""
    return wanted in (name, told.short, told.software.id)


def _differences(parts: Sequence[Mapping[str, str]]) -> list[str]:
    """Of each, the first of its parts that not all have alike."""
    if all("packages" not in each for each in parts):
        return [_words(each, _varying(parts)) for each in parts]
    # A row of schema 1 differs in all that it did not record: that alone is said of it.
    whole = [each for each in parts if "packages" not in each]
    varying = _varying(whole)
    return [
        "packages not recorded"
        if "packages" in each
        else _words(each, varying) or "packages recorded"
        for each in parts
    ]


def _varying(parts: Sequence[Mapping[str, str]]) -> list[str]:
    names: Iterable[str] = dict.fromkeys(name for each in parts for name in each)
    return [name for name in names if len({each.get(name) for each in parts}) > 1]


def _words(parts: Mapping[str, str], varying: Sequence[str]) -> str:
    words = [
        f"{name} {parts[name]}" if parts.get(name) else f"no {name}" for name in varying[:_SAID]
    ]
    more = len(varying) - _SAID
    return ", ".join([*words, *([f"and {more} more"] if more > 0 else [])])


def names_by_variant(observations: Observations, names: Mapping[str, str]) -> dict[str, str]:
    """What computed each variant, by its label, where ``names`` has the id of that software."""
    sessions = observations.sessions
    pairs = zip(sessions["variant"].tolist(), sessions["software"].tolist(), strict=True)
    found: dict[str, list[str]] = {}
    for variant, software in dict.fromkeys(pairs):
        if software in names:
            found.setdefault(variant, []).append(names[software])
    return {variant: ", ".join(sorted(known)) for variant, known in found.items()}
