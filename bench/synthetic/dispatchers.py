"""Planted causes: programs that choose one of several computations by what a CPU tells of itself.

A dispatcher sums the same numbers in an order that depends on one or two conditions: a flag, the
vendor, the size of the first data cache, the number of cores. They are functions of one small C
library; Python does the same where there is no compiler. Each comes with platforms whose flags
come in clusters, of which some need others.
"""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Attributes = Mapping[str, Any]
FLAGS = 48
VENDORS = ("AuthenticAMD", "GenuineIntel")
CACHES = (32 * 1024, 48 * 1024, 64 * 1024)
CORES = (2, 4, 8, 16, 32)
NUMBERS = tuple(1.0 / (number + 3) for number in range(97))
SHAPES = ("single", "and", "or", "ladder")
"""One condition; both needed; either suffices; the first chooses before the second is asked."""
KINDS = ("flag", "vendor", "cache", "cores")


@dataclass(frozen=True)
class Condition:
    """What a program asks of a CPU."""

    kind: str
    name: str
    """The attribute."""
    code: str
    """The same in C."""
    limit: Any = None

    def holds(self, cpu: Attributes) -> bool:
        value = cpu[self.name]
        if self.kind == "flag":
            return bool(value)
        return bool(value == self.limit if self.kind == "vendor" else value > self.limit)


@dataclass(frozen=True)
class Planted:
    """One dispatcher and the platforms on which it was observed."""

    number: int
    shape: str
    conditions: tuple[Condition, ...]
    platforms: Mapping[str, Attributes]
    needs: Mapping[str, frozenset[str]]
    """By flag, all flags that it needs."""

    @property
    def kind(self) -> str:
        return f"{self.shape} {' '.join(one.kind for one in self.conditions)}"

    @property
    def causes(self) -> frozenset[str]:
        return frozenset(one.name for one in self.conditions)

    def needing(self, flag: str) -> frozenset[str]:
        return frozenset(other for other, needed in self.needs.items() if flag in needed)

    def chosen(self, cpu: Attributes) -> int:
        first, *rest = (one.holds(cpu) for one in self.conditions)
        if self.shape == "single":
            return int(first)
        if self.shape == "ladder":
            return 2 if first else int(rest[0])
        return int(first and rest[0]) if self.shape == "and" else int(first or rest[0])

    def code(self) -> str:
        first, *rest = (one.code for one in self.conditions)
        choice = {
            "single": f"({first}) ? 1 : 0",
            "and": f"({first}) && ({rest[0]}) ? 1 : 0" if rest else "",
            "or": f"({first}) || ({rest[0]}) ? 1 : 0" if rest else "",
            "ladder": f"({first}) ? 2 : ({rest[0]}) ? 1 : 0" if rest else "",
        }[self.shape]
        return (
            f"float dispatcher_{self.number}(const unsigned char *f, int v, long c, int n)"
            f" {{ return sum({choice}); }}"
        )


def plant(seed: int, count: int) -> tuple[Planted, ...]:
    """``count`` dispatchers, the same for a seed; every shape and kind in turn."""
    return tuple(_planted(random.Random(f"{seed} {number}"), number) for number in range(count))


class Library:
    """The dispatchers as a compiled library, or in Python: the bytes that each computes."""

    def __init__(self, planted: Sequence[Planted], folder: Path) -> None:
        compiler = shutil.which("cc")
        self.compiled = compiler is not None
        if compiler is not None:
            source, library = folder / "dispatchers.c", folder / "dispatchers.so"
            source.write_text("\n".join([_SUM, *(one.code() for one in planted)]) + "\n")
            command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source)]
            subprocess.run(command, check=True, capture_output=True)
            self._loaded = ctypes.CDLL(str(library))

    def compute(self, planted: Planted, cpu: Attributes) -> bytes:
        if not self.compiled:
            return _sum(planted.chosen(cpu))
        function = self._loaded[f"dispatcher_{planted.number}"]
        function.restype = ctypes.c_float
        flags = bytes(bool(cpu[f"flag{place:02}"]) for place in range(FLAGS))
        vendor = VENDORS.index(cpu["vendor"])
        found = function(flags, vendor, ctypes.c_long(cpu["L1 bytes"]), cpu["cores"])
        return bytes(ctypes.c_float(found))


def _sum(chosen: int) -> bytes:
    """In single precision, by a stride: other orders give other bits."""
    total = ctypes.c_float(0.0)
    for start in range(chosen + 1):
        for number in NUMBERS[start :: chosen + 1]:
            total = ctypes.c_float(total.value + ctypes.c_float(number).value)
    return bytes(total)


_SUM = f"""
static float sum(int chosen) {{
  volatile float total = 0.0f;
  for (int start = 0; start <= chosen; start++)
    for (int place = start; place < {len(NUMBERS)}; place += chosen + 1)
      total = total + (float)(1.0 / (place + 3));
  return total;
}}
"""


def _planted(draw: random.Random, number: int) -> Planted:
    shape = SHAPES[number % len(SHAPES)]
    first = KINDS[number // len(SHAPES) % len(KINDS)]
    while True:
        needs = _needs(draw)
        conditions = [_condition(draw, first)]
        if shape != "single":
            conditions.append(_condition(draw, draw.choice(KINDS)))
        names = [one.name for one in conditions]
        apart = len(set(names)) == len(names)
        if apart and not any(name in needs.get(other, ()) for name in names for other in names):
            platforms = _platforms(draw, needs, conditions, together=bool(number // 16 % 2))
            found = Planted(number, shape, tuple(conditions), platforms, needs)
            if _needed(found):
                return found


def _needed(found: Planted) -> bool:
    """Whether no planted attribute can be left out: the platforms tell of each that it counts.

    Either the others leave different classes equal, or all come together, so that only the way
    from one class to the other can tell.
    """
    classes = {name: found.chosen(cpu) for name, cpu in found.platforms.items()}
    values = {
        name: tuple(one.holds(cpu) for one in found.conditions)
        for name, cpu in found.platforms.items()
    }
    if len(set(classes.values())) < 2:
        return False
    if all(len(set(each)) == 1 for each in values.values()):
        return True
    return all(
        len({(_without(values[name], place), classes[name]) for name in classes})
        > len({_without(values[name], place) for name in classes})
        for place in range(len(found.conditions))
    )


def _without(values: tuple[bool, ...], place: int) -> tuple[bool, ...]:
    return values[:place] + values[place + 1 :]


def _needs(draw: random.Random) -> dict[str, frozenset[str]]:
    needs: dict[str, frozenset[str]] = {}
    for place in range(FLAGS):
        direct = draw.sample(range(place), min(place, draw.choice((0, 0, 0, 1, 1, 2))))
        names = {f"flag{each:02}" for each in direct}
        needs[f"flag{place:02}"] = frozenset(names).union(*(needs[each] for each in names))
    return needs


def _condition(draw: random.Random, kind: str) -> Condition:
    if kind == "flag":
        place = draw.randrange(FLAGS)
        return Condition(kind, f"flag{place:02}", f"f[{place}]")
    if kind == "vendor":
        place = draw.randrange(2)
        return Condition(kind, "vendor", f"v == {place}", VENDORS[place])
    if kind == "cache":
        limit = draw.choice(CACHES[:-1])
        return Condition(kind, "L1 bytes", f"c > {limit}", limit)
    limit = draw.choice(CORES[:-1])
    return Condition(kind, "cores", f"n > {limit}", limit)


def _platforms(
    draw: random.Random,
    needs: Mapping[str, frozenset[str]],
    conditions: Iterable[Condition],
    *,
    together: bool,
) -> dict[str, Attributes]:
    """Generations that inherit flags; ``together``: all conditions hold, or none does."""
    found: dict[str, Attributes] = {}
    clusters = [draw.randrange(6) for _ in range(FLAGS)]
    for number in range(draw.randrange(6, 12)):
        held = {cluster for cluster in range(6) if draw.random() < 0.5}
        cpu: dict[str, Any] = {f"flag{p:02}": clusters[p] in held for p in range(FLAGS)}
        cpu |= {
            "vendor": draw.choice(VENDORS),
            "L1 bytes": draw.choice(CACHES),
            "cores": draw.choice(CORES),
        }
        wanted = draw.random() < 0.5
        for one in conditions:
            _force(draw, cpu, one, wanted if together else draw.random() < 0.5)
        for flag in sorted(needs):
            cpu[flag] = cpu[flag] and all(cpu[each] for each in needs[flag])
        if not together or len({one.holds(cpu) for one in conditions}) == 1:
            found[f"p{number:02}"] = cpu
    return found


def _force(draw: random.Random, cpu: dict[str, Any], one: Condition, wanted: bool) -> None:
    values = {"flag": (False, True), "vendor": VENDORS, "cache": CACHES, "cores": CORES}[one.kind]
    fitting = [value for value in values if one.holds({one.name: value}) == wanted]
    cpu[one.name] = draw.choice(fitting)
