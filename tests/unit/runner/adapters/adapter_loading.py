"""Adapters that are started once per test process: importing a framework takes seconds."""

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
    # Importing a framework may raise deprecation warnings about its own code.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapter.start()
    return adapter
