"""Sweeps: arguments of a workload that have several values, each combination a workload."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.experiment import builtins
from orchestrator.model.experiment import Scalar

MULTIPLICATIONS = "multiplications"
MOST = 10_000
"""Workloads that one entry may be swept into."""
_FACTOR = 2.0
"""How far the nearest number of multiplications may be from the one asked for."""
_LARGEST = 1 << 20


class SweepError(Exception):
    """What is wrong with ``argument``, for the author of the file."""

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(message)
        self.argument = argument


def is_swept(arguments: Mapping[str, Any]) -> bool:
    """Whether any argument has more than a single value."""
    return any(isinstance(value, (list, dict)) for value in arguments.values())


def combinations(model: str, arguments: Mapping[str, Any]) -> list[dict[str, Scalar]]:
    """Every combination of values, the last argument varying fastest; at most ``MOST``.

    A list has the values themselves. ``{multiplications: [1e3, 1e6]}`` stands for the whole number
    that brings a builtin model nearest to so many multiplications, the other arguments as they are
    in the combination. Raises ``SweepError``.
    """
    listed = {key: value for key, value in arguments.items() if isinstance(value, list)}
    solved = [key for key, value in arguments.items() if isinstance(value, dict)]
    if len(solved) > 1:
        text = f"{' and '.join(solved)}: one argument only can follow from {MULTIPLICATIONS}"
        raise SweepError(solved[1], text)
    targets: Sequence[float] = arguments[solved[0]][MULTIPLICATIONS] if solved else ()
    count = math.prod(map(len, listed.values())) * (len(targets) if solved else 1)
    if count > MOST:
        first = next(iter([*listed, *solved]))
        raise SweepError(first, f"{count:,} combinations are more than {MOST:,}: sweep less")
    singles = {
        key: value for key, value in arguments.items() if not isinstance(value, (list, dict))
    }
    found: list[dict[str, Scalar]] = []
    for values in itertools.product(*listed.values()):
        chosen = {**singles, **dict(zip(listed, values, strict=True))}
        if not solved:
            found.append(chosen)
            continue
        taken: dict[int, float] = {}
        for target in targets:
            number = _solved(model, solved[0], chosen, target)
            if number in taken:
                text = f"{taken[number]:g} and {target:g} {MULTIPLICATIONS} both mean {number}"
                raise SweepError(solved[0], f"{text}{_where(chosen, listed)}: give one of them")
            taken[number] = target
            found.append({**chosen, solved[0]: number})
    return [{key: each[key] for key in arguments} for each in found]


def _solved(model: str, key: str, arguments: Mapping[str, Scalar], target: float) -> int:
    """The value of ``key`` whose number of multiplications is nearest to ``target``."""
    source, _, name = model.partition(":")
    if source != "builtin" or key not in builtins.sizes(name):
        able = ", ".join(
            f"builtin:{each}" for each in builtins.builtin_names() if builtins.sizes(each)
        )
        raise SweepError(
            key,
            f"{key} of {model} is no size that follows from {MULTIPLICATIONS}; those of {able} do",
        )

    def count(number: int) -> int:
        return builtins.multiplications(name, {**arguments, key: number})

    low, high = 1, _LARGEST
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if count(middle) < target else (low, middle)
    near = [number for number in (low - 1, low) if number >= 1 and count(number) > 0]
    best = min(near, key=lambda number: abs(math.log(count(number) / target)))
    if not 1 / _FACTOR <= count(best) / target <= _FACTOR:
        text = f"no {key} gives about {target:g} {MULTIPLICATIONS}"
        raise SweepError(key, f"{text}: {best} gives {count(best):,}")
    return best


def _where(chosen: Mapping[str, Scalar], listed: Mapping[str, Any]) -> str:
    said = ", ".join(f"{key}={chosen[key]}" for key in listed)
    return f" with {said}" if said else ""
