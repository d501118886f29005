"""Started adapters, once per session: importing a framework costs seconds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from eqc_runner.adapters import get
from eqc_runner.adapters.protocol import Loaded

Load = Callable[..., Loaded]


@cache
def started(name: str) -> Any:
    adapter = get(name)
    # Frameworks deprecate things at import that are theirs, not ours, to mend.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapter.start()
    return adapter
