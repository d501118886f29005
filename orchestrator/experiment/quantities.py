"""Numbers with units and fractions, as people write them in an experiment file."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)")


def dollars(value: object) -> object:
    """``20``, ``"20 USD"`` → US dollars. ValueError for another currency or no number."""
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2] != "USD":
        raise ValueError("an amount is written like '20 USD'")
    return float(match[1])


def size_in_bytes(value: object) -> object:
    """``1073741824``, ``"4 GiB"``, ``"500 MB"`` → bytes. ValueError for an unknown unit."""
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"a size is written like '4 GiB'; units: {', '.join(_UNITS)}")
    return int(Fraction(match[1]) * _UNITS[match[2]])


def fraction(value: object) -> object:
    """``0.5`` or ``"1/255"`` → the nearest double. ValueError where it is neither."""
    if not isinstance(value, str):
        return value
    try:
        return float(Fraction(value.replace(" ", "")))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("a number, or a fraction like '1/255'") from error
