"""What a gate accepts of what moved: text and value. Standard library only.

A tolerance decides the exit code of ``eqc diff`` and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.errors import UsageError

FORMS = (
    "12bits",
    "4ulp",
    "rtol=1e-5",
    "atol=1e-8",
    "rtol=1e-5,atol=1e-8",
    "OUTPUT:4ulp",
)
"""Every form, as messages list them."""


@dataclass(frozen=True)
class Tolerance:
    """One ``--tolerance``: one of ``bits``, ``ulps``, or ``rtol`` and ``atol`` is set."""

    text: str
    """Without the output, as it was given: ``4ulp``."""
    output: str | None = None
    """The output it is for; ``None``: those that none names."""
    bits: int | None = None
    """At least this many leading mantissa bits agree, and sign and exponent."""
    ulps: int | None = None
    """No element is further than this."""
    rtol: float | None = None
    atol: float | None = None
    """|current - baseline| ≤ atol + rtol · |baseline| for every element."""

    def is_for(self, output: str) -> bool:
        """Whether it names ``output``, with or without the ``output:`` of its name."""
        return self.output in (output, output.removeprefix("output:"))


def tolerances_for(output: str, tolerances: Iterable[Tolerance]) -> tuple[Tolerance, ...]:
    """Those that name ``output``, else those that name none; all of them must hold."""
    given = tuple(tolerances)
    named = tuple(one for one in given if one.is_for(output))
    return named or tuple(one for one in given if one.output is None)


def parse_tolerance(text: str) -> Tolerance:
    """The tolerance that ``text`` is. Raises ``UsageError``, which lists the forms."""
    output, colon, form = text.rpartition(":")
    name = output if colon else None
    if name == "":
        raise _mistake(text, "no output before the colon")
    if (found := _COUNTED.fullmatch(form)) is not None:
        number = int(found["number"])
        if found["unit"].startswith("ulp"):
            return Tolerance(form, name, ulps=number)
        if number > _MOST_BITS:
            raise _mistake(text, f"no type has more than {_MOST_BITS} mantissa bits")
        return Tolerance(form, name, bits=number)
    return _errors(text, name, form)


_COUNTED = re.compile(r"(?P<number>[0-9]{1,20}) ?(?P<unit>bits?|ulps?)")
_MOST_BITS = 52


def _errors(text: str, name: str | None, form: str) -> Tolerance:
    found: dict[str, float] = {}
    for part in form.split(","):
        key, equals, value = part.strip().partition("=")
        if key not in ("rtol", "atol") or not equals:
            raise _mistake(text, f"{part.strip()!r} is no tolerance")
        if key in found:
            raise _mistake(text, f"{key} is there twice")
        try:
            number = float(value)
        except ValueError:
            raise _mistake(text, f"{value!r} is no number") from None
        if not (math.isfinite(number) and number >= 0):
            raise _mistake(text, f"{key} is neither 0 nor a positive number")
        found[key] = number
    return Tolerance(form, name, rtol=found.get("rtol", 0.0), atol=found.get("atol", 0.0))


def _mistake(text: str, why: str) -> UsageError:
    return UsageError(f"--tolerance {text!r}: {why}; the forms are {', '.join(FORMS)}")
