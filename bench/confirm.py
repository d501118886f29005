"""How many observations it takes to find planted causes.

    python bench/confirm.py [--seed N] [--count N]

Each dispatcher of a small C library chooses one of several computations by one or two attributes
of a CPU. Its classes on some platforms are explained as `eqc explain` does, and the explanation is
tried as `eqc explain --confirm` does, with the library as the observer. "alone": trials whose
only cause is one attribute; "bound" is 2 log2(n) + 4 for n differences; "over it" counts those
that took more.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench.synthetic.dispatchers import Library, Planted, plant
from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.explain.minimal_sets import answer, basis
from orchestrator.analysis.hardware.attributes import AttributeTable
from orchestrator.confirm.bisect import Outcome, State
from orchestrator.confirm.hypotheses import Pair
from orchestrator.confirm.interventions import Means, Way
from orchestrator.confirm.search import Described, judged, planned, tried
from orchestrator.confirm.verdicts import Tried
from orchestrator.results.confirmation import AttributeVerdict, Verdict
from orchestrator.results.explanation import (
    CAUSES,
    ExplainedClass,
    ExplainedPartition,
    Explanation,
    Kind,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    began = time.monotonic()
    planted = plant(options.seed, options.count)
    rows: dict[str, list[Result]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        library = Library(planted, Path(folder))
        for one in planted:
            rows[one.shape].append(Result(one, *confirm(one, library)))
    print(f"{'planted':>8} {'dispatchers':>12} {'causes':>7} {'found':>6} {'not planted':>12} "
          f"{'trials':>7} {'runs':>6} {'alone':>6} {'runs':>5} {'over it':>8}")  # fmt: skip
    every = [result for results in rows.values() for result in results]
    for name, results in [*rows.items(), ("all", every)]:
        alone = [pair for result in results for pair in result.alone]
        print(
            f"{name:>8} {len(results):>12} {sum(len(r.planted.causes) for r in results):>7} "
            f"{sum(len(r.found) for r in results):>6} {sum(len(r.wrong) for r in results):>12} "
            f"{sum(len(r.trials) for r in results):>7} "
            f"{sum(t.found.observations for r in results for t in r.trials):>6} "
            f"{len(alone):>6} {sum(runs for runs, _ in alone):>5} "
            f"{sum(runs > most for runs, most in alone):>8}"
        )
    how = "compiled" if library.compiled else "in Python: no compiler"
    print(f"{time.monotonic() - began:.1f} s, seed {options.seed}, library {how}")


class Result:
    """What was found of one dispatcher."""

    def __init__(
        self, planted: Planted, trials: tuple[Tried, ...], verdicts: tuple[AttributeVerdict, ...]
    ) -> None:
        self.planted, self.trials, self.verdicts = planted, trials, verdicts
        confirmed = {one.attribute for one in verdicts if one.verdict is Verdict.CONFIRMED}
        self.found = confirmed & planted.causes
        self.wrong = confirmed - planted.causes

    @property
    def alone(self) -> list[tuple[int, float]]:
        """(observations, bound) of each trial whose only cause is one attribute."""
        return [
            (one.found.observations, 2 * math.log2(len(one.way.changes)) + 4)
            for one in self.trials
            if len(one.found.causes) == 1 and len(one.found.causes[0].changes) == 1
        ]


def confirm(
    planted: Planted, library: Library
) -> tuple[tuple[Tried, ...], tuple[AttributeVerdict, ...]]:
    """Explain the classes on the planted platforms, and try the explanation."""
    outputs = {name: library.compute(planted, cpu) for name, cpu in planted.platforms.items()}
    numbers = {output: place for place, output in enumerate(dict.fromkeys(outputs.values()), 1)}
    classes = {name: numbers[output] for name, output in outputs.items()}
    kinds = kinds_of(planted.platforms)
    explanation = explained(planted.platforms, kinds, classes)

    def observe(pair: Pair, way: Way, state: State) -> Outcome:
        cpu = dict(planted.platforms[pair.before])
        for name in state:
            cpu[name] = way.change(name).after
        found = library.compute(planted, cpu)
        return Outcome(str(numbers.get(found, f"other {found.hex()}")))

    known = Described(planted.platforms, kinds, lambda *_: lambda *_: Means.CPUID, planted.needing)
    found = tried(explanation, known, planned(explanation, known), observe)
    return found, judged(explanation, found)


def kinds_of(platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, Kind]:
    special = {"vendor": Kind.VENDOR, "L1 bytes": Kind.CACHE, "cores": Kind.CORES}
    return {name: special.get(name, Kind.FLAG) for name in next(iter(platforms.values()))}


def explained(
    platforms: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, Kind], classes: dict[str, int]
) -> Explanation:
    frame = pd.DataFrame.from_dict(platforms, orient="index", dtype="object")
    table = AttributeTable(frame.astype("object"), kinds)
    found = answer(
        basis(table, classes, CAUSES), table, classes, limit=64, deadline=Deadline.after(60.0)
    )
    groups = tuple(
        ExplainedClass(number, tuple(name for name in platforms if classes[name] == number))
        for number in sorted(set(classes.values()))
    )
    ids = tuple(f"{one.number:012x}" for one in groups)
    partition = ExplainedPartition("w", "i", "v", "o", ids)
    return Explanation((partition,), groups, (found,), (), ())


if __name__ == "__main__":
    main()
