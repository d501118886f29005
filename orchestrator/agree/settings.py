"""A setting that a variant may get beside its own: one variable, one flag, threads, precision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestrator.catalog.agreement import Kind
from orchestrator.model.experiment import Scalar, Variant, pairs


@dataclass(frozen=True)
class Setting:
    """One value of one thing that can be set."""

    kind: Kind
    name: str
    """Of the variable or flag; ``threads`` and ``precision`` are called as their kind."""
    value: Scalar

    @property
    def place(self) -> tuple[str, str]:
        """What it sets: two settings of one place exclude each other."""
        return self.kind.value, self.name

    @property
    def words(self) -> str:
        """For people: ``MKL_CBWR=COMPATIBLE``, ``deterministic=true``, ``threads=1``."""
        value = str(self.value).lower() if isinstance(self.value, bool) else self.value
        return f"{self.name}={value}"


SettingSet = frozenset[Setting]
"""Settings of different places."""


def is_consistent(settings: Iterable[Setting]) -> bool:
    """Whether no two of them set one thing."""
    places = [setting.place for setting in settings]
    return len(set(places)) == len(places)


def ordered(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """By kind and name, for people and for files."""
    return tuple(sorted(settings, key=lambda one: (*one.place, str(one.value))))


def words_of(settings: Iterable[Setting]) -> str:
    """``MKL_CBWR=COMPATIBLE, threads=1``; of none ``nothing``."""
    return ", ".join(setting.words for setting in ordered(settings)) or "nothing"


def is_of(setting: Setting, variant: Variant) -> bool:
    """Whether ``variant`` sets that thing itself: then it is not varied."""
    if setting.kind is Kind.ENVIRONMENT:
        return setting.name in dict(variant.environment)
    if setting.kind is Kind.FLAG:
        return setting.name in dict(variant.flags)
    if setting.kind is Kind.THREADS:
        return variant.threads is not None
    return variant.precision == setting.value


def with_settings(variant: Variant, settings: Iterable[Setting]) -> Variant:
    """``variant`` with ``settings``, whose places are not set in it."""
    for setting in ordered(settings):
        if setting.kind is Kind.ENVIRONMENT:
            added = {**dict(variant.environment), setting.name: setting.value}
            variant = replace(variant, environment=pairs(added))
        elif setting.kind is Kind.FLAG:
            added = {**dict(variant.flags), setting.name: setting.value}
            variant = replace(variant, flags=pairs(added))
        elif setting.kind is Kind.THREADS:
            assert isinstance(setting.value, int)  # noqa: S101 - the catalogue checks it
            variant = replace(variant, threads=setting.value)
        else:
            variant = replace(variant, precision=str(setting.value))
    return variant
