"""Counted nouns: one function, so that no text says ``1 jobs``."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 class``, ``2 classes``, ``1 row of it``: ``many`` is ``one`` with an s by default."""
    return f"{number} {one if number == 1 else many or one + 's'}"
