"""Stores in buckets: commands work on mirrors of them, pulled first and pushed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from orchestrator.cli.progress import Tell
from orchestrator.errors import EqcError
from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.bucket.push import Sharing, Unshared

_MIRRORS = "orchestrator.cli.mirrors"
"""Where click's context keeps the stores of this call, by their mirrors."""


def pulled(url: str, context: click.Context | None) -> Path:
    """The mirror of the store at ``url``, with all that is there now.

    ``shared`` and ``push_to`` of the same ``context`` know it by its folder. Raises
    ``EnvironmentNotReady``.
    """
    store = RemoteStore(url)
    store.pull()
    store.folder.mkdir(parents=True, exist_ok=True)
    _push_leftovers(store)
    if context is not None:
        context.meta.setdefault(_MIRRORS, {})[store.folder] = store
    return store.folder


@contextmanager
def shared(context: click.Context, results: Path, tell: Tell) -> Iterator[Sharing | Unshared]:
    """Push what is added to ``results`` meanwhile, if it is a mirror; else nothing happens.

    Raises ``EnvironmentNotReady`` where it may not be written to, before anything is computed.
    """
    store = _remote(context, results)
    if store is None:
        yield Unshared()
        return
    store.check_writable()
    with Sharing(store, lambda text: tell({"event": "note", "text": text})) as sharing:
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
