"""Declares commands whose implementation is imported when they are called, not before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

Declaration = Callable[[], None]
"""A function without a body: decorators give its options, its docstring is the help text."""


@dataclass(frozen=True)
class Implementation:
    """The implementation of a command; ``place`` is ``module:function`` below ``orchestrator.cli``.

    The function takes every option and argument of the command by keyword.
    """

    place: str

    def __call__(self, **given: object) -> None:
        """Import the function and call it."""
        self.load()(**given)

    def load(self) -> Callable[..., Any]:
        """The function, imported now."""
        module, _, function = self.place.partition(":")
        found: Callable[..., Any] = getattr(import_module(f"orchestrator.cli.{module}"), function)
        return found


def command(place: str, name: str | None = None) -> Callable[[Declaration], click.Command]:
    """A decorator: the declaration becomes a command, implemented at ``place``.

    ``place`` is as in ``Implementation``; ``name`` defaults to the declaration's.
    """

    def declared(declaration: Declaration) -> click.Command:
        made = click.command(name)(declaration)
        made.callback = Implementation(place)
        return made

    return declared


def group(place: str) -> Callable[[Declaration], click.Group]:
    """As ``command``, for a command with subcommands; it can also be called without one."""

    def declared(declaration: Declaration) -> click.Group:
        made = click.group(invoke_without_command=True)(declaration)
        made.callback = Implementation(place)
        return made

    return declared
