"""Options that commands share: where a store is, and which part of it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.errors import EqcError
from orchestrator.model.events import EventSink, Note
from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.bucket.objects import is_url
from orchestrator.store.bucket.push import Sharing, Unshared

_MIRRORS = "orchestrator.cli.options"
"""Where click's context keeps the stores of this call, by their mirrors."""


class StoreLocation(click.ParamType[Path]):
    """A folder, or ``s3://…`` and ``gs://…``: then the mirror of what is there, just pulled."""

    name = "store"

    def __init__(self, *, exists: bool = False, file_okay: bool = False) -> None:
        self._folder = click.Path(exists=exists, file_okay=file_okay, path_type=Path)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """As ``--help`` has it."""
        return "FOLDER|URL"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """The folder to read and write. Raises ``EnvironmentNotReady``."""
        if isinstance(value, Path) or not is_url(value):
            folder: Path = self._folder.convert(value, param, ctx)
            return folder
        store = RemoteStore(value)
        store.pull()
        store.folder.mkdir(parents=True, exist_ok=True)
        _push_leftovers(store)
        if ctx is not None:
            ctx.meta.setdefault(_MIRRORS, {})[store.folder] = store
        return store.folder


@contextmanager
def shared(context: click.Context, results: Path, tell: EventSink) -> Iterator[Sharing | Unshared]:
    """Push what is added to ``results`` meanwhile, if it is a mirror; else nothing happens.

    Raises ``EnvironmentNotReady`` where it may not be written to, before anything is computed.
    """
    store = _remote(context, results)
    if store is None:
        yield Unshared()
        return
    store.check_writable()
    with Sharing(store, lambda text: tell(Note(text))) as sharing:
        yield sharing
    if sharing.problem is not None:
        click.echo(
            f"eqc: {sharing.problem}; all results are in {store.folder}, and the same command "
            "pushes them",
            err=True,
        )


def push_to(context: click.Context, results: Path) -> None:
    """Push ``results``, if it is a mirror. Raises ``EnvironmentNotReady``."""
    store = _remote(context, results)
    if store is not None:
        store.push()
        click.echo(f"pushed to {store.url}", err=True)


def _push_leftovers(store: RemoteStore) -> None:
    """What an earlier call could not push. That this one cannot either is only said."""
    try:
        if store.has_leftovers():
            store.push()
    except EqcError as error:
        click.echo(f"eqc: not yet pushed: {error}", err=True)


def _remote(context: click.Context, results: Path) -> RemoteStore | None:
    stores: dict[Path, RemoteStore] = context.meta.get(_MIRRORS, {})
    return stores.get(results)


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
