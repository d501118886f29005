"""Reads the ``arguments`` of a builtin model: all keys known, all values of the right kind."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from eqc_runner.failures import Failed

MISTAKE = "exception"
"""The reason code of mistakes in an experiment: the file format has none of its own for them."""


class Arguments:
    """Reads arguments one by one; ``finish`` raises ``Failed`` if any was not read."""

    def __init__(self, model: str, given: Mapping[str, Any]) -> None:
        self._model = model
        self._given = given
        self._known: list[str] = []

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        """One of ``values``; the first is the default. Raises ``Failed``."""
        self._known.append(name)
        value = self._given.get(name, values[0])
        if value not in values:
            raise self._wrong(name, value, f"one of {', '.join(values)}")
        return str(value)

    def count(self, name: str, default: int) -> int:
        """A whole number of at least 1. Raises ``Failed``."""
        value = self.optional_count(name)
        return default if value is None else value

    def optional_count(self, name: str) -> int | None:
        """As ``count``, or ``None`` where it is not given."""
        self._known.append(name)
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._wrong(name, value, "a whole number of at least 1")
        return value

    def finish(self) -> None:
        """Raises ``Failed``, which lists the valid names, if an argument was not read."""
        unknown = sorted(set(self._given) - set(self._known))
        if unknown:
            raise Failed(
                MISTAKE,
                f"builtin:{self._model} has no argument {listed(unknown)}; "
                f"it takes {listed(self._known) or 'none'}",
            )

    def _wrong(self, name: str, value: object, wanted: str) -> Failed:
        return Failed(MISTAKE, f"builtin:{self._model}: argument {name} is {value!r}, not {wanted}")


def listed(names: Iterable[str]) -> str:
    """Names for a message, quoted and in the order given."""
    return ", ".join(repr(name) for name in names)
