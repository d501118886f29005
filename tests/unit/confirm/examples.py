"""Explanations of small tables, as the confirmation tests need them."""

from collections.abc import Mapping
from typing import Any

from bench.confirm import explained, kinds_of
from orchestrator.confirm.bisect import Outcome, State
from orchestrator.confirm.hypotheses import Pair
from orchestrator.confirm.interventions import Means, Way
from orchestrator.confirm.search import Described, Observer
from orchestrator.results.explanation import Explanation

Platforms = Mapping[str, Mapping[str, Any]]


def cpu(*flags: str, vendor: str = "GenuineIntel", cores: int = 4, cache: int = 32) -> dict:
    """A platform; flags are a, b, c, …"""
    held = {flag: flag in flags for flag in "abcdef"}
    return {**held, "vendor": vendor, "cores": cores, "L1 bytes": cache * 1024}


def explanation(platforms: Platforms, classes: Mapping[str, int]) -> Explanation:
    return explained(platforms, kinds_of(platforms), dict(classes))


def known(platforms: Platforms, judge: Any = lambda *_: Means.CPUID) -> Described:
    return Described(platforms, kinds_of(platforms), lambda *_: judge, lambda _: ())


def observer(platforms: Platforms, rule: Any) -> Observer:
    """The class that ``rule`` gives a platform with the changes of a state made."""

    def observe(pair: Pair, way: Way, state: State) -> Outcome:
        made = dict(platforms[pair.before])
        made |= {name: way.change(name).after for name in state}
        found = rule(made)
        return found if isinstance(found, Outcome) else Outcome(str(found))

    return observe
