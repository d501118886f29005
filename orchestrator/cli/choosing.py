"""The options that choose a part of a store, shared by ``report`` and ``explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--workload", help="Only this workload, by the label of the tables."),
    click.option("--input", "given", help="Only this input."),
    click.option("--variant", help="Only this variant."),
    click.option(
        "--platforms", multiple=True, metavar="PATTERN", help="Only these: 'gcloud/*'. Repeatable."
    ),
)


def choice_options(command: F) -> F:
    """Adds ``--workload``, ``--input`` (``given``), ``--variant`` and ``--platforms``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
