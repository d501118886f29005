"""What values the flags of a framework take, as its ``framework.json`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

TYPES: Mapping[str, type] = MappingProxyType({"boolean": bool, "integer": int, "text": str})


@dataclass(frozen=True)
class FlagKind:
    """What values a flag takes."""

    words: tuple[str, ...] = ()
    """These only, where there are any."""
    type: str = ""
    """Else ``boolean``, ``integer`` or ``text``."""

    def takes(self, value: Any) -> bool:
        """Whether ``value`` is one of them."""
        if self.words:
            return value in self.words
        return isinstance(value, TYPES[self.type]) and (
            self.type == "boolean" or not isinstance(value, bool)
        )

    @property
    def said(self) -> str:
        """For messages."""
        known = {"boolean": "true or false", "text": "text, in quotes"}
        return ", ".join(self.words) or known.get(self.type, self.type)


def flag_kinds(given: Any) -> Mapping[str, FlagKind]:
    """``flags`` of a ``framework.json``. Raises ``ValueError`` with what is wrong."""
    if not isinstance(given, dict):
        raise ValueError("'flags' is an object: what each flag takes, by its name")
    kinds = {}
    for name, kind in given.items():
        if isinstance(kind, list) and kind and all(isinstance(word, str) for word in kind):
            kinds[name] = FlagKind(words=tuple(kind))
        elif isinstance(kind, str) and kind in TYPES:
            kinds[name] = FlagKind(type=kind)
        else:
            known = ", ".join(TYPES)
            raise ValueError(f"flag {name!r} needs a list of the words it takes, or one of {known}")
    return MappingProxyType(kinds)
