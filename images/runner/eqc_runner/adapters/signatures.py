"""Which signature of a file is called, where it has several."""

from __future__ import annotations

from typing import Sequence

from eqc_runner.failures import Failed

DEFAULT = "serving_default"
"""The signature that is called where none is asked for."""


def chosen(asked: str | None, there: Sequence[str], name: str) -> str:
    """The key to call: ``asked``, else ``DEFAULT``, else the only one of ``there``.

    Raises ``Failed`` (``input-missing``), which says which there are in file ``name``.
    """
    known = ", ".join(sorted(there))
    if asked is not None:
        if asked not in there:
            raise Failed("input-missing", f"{name} has no signature {asked!r}; it has {known}")
        return asked
    if DEFAULT in there:
        return DEFAULT
    if len(there) == 1:
        return there[0]
    raise Failed("input-missing", f"{name} has several signatures: say 'signature:' {known}")
