"""An option that takes a name of a registry, which is asked for its names when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem


class NameOf(click.ParamType[str]):
    """As ``click.Choice``, over the ``names`` there are when the option is used or explained.

    Other distributions may add to them: looking these up, and what is wrong with them, is no
    matter of commands that do not take such a name.
    """

    name = "choice"

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """As ``--help`` has it: ``[one|another]``."""
        return self._choice().get_metavar(param, ctx)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if it is one. Raises ``EnvironmentNotReady`` where two things have one."""
        return self._choice().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so."""
        return self._choice().shell_complete(ctx, param, incomplete)

    def _choice(self) -> click.Choice[str]:
        return click.Choice(tuple(self._names()))
