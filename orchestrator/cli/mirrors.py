"""Stores in buckets: a command works on a local mirror, pulled before and pushed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from orchestrator.errors import EqcError
from orchestrator.model.events import EventSink, Note
from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.bucket.push import Sharing, Unshared

_MIRRORS = "orchestrator.cli.mirrors"
"""Key in ``click.Context.meta``: the stores of this call by the folders of their mirrors."""


def pulled(url: str, context: click.Context | None) -> Path:
    """Pull the store at ``url``; returns the folder of its mirror.

    The store is remembered in ``context``, so that ``shared`` and ``push_to`` find it by this
    folder. Raises ``EnvironmentNotReady`` where the bucket cannot be read.
    """
    store = RemoteStore(url)
    store.pull()
    store.folder.mkdir(parents=True, exist_ok=True)
    _push_leftovers(store)
    if context is not None:
        context.meta.setdefault(_MIRRORS, {})[store.folder] = store
    return store.folder


@contextmanager
def shared(context: click.Context, results: Path, tell: EventSink) -> Iterator[Sharing | Unshared]:
    """While the context is open, push what is added to ``results``, if it is a mirror.

    Raises ``EnvironmentNotReady`` on entry where the bucket cannot be written to. A push that
    fails later is reported on stderr; the results stay in the mirror.
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
    """Push ``results``, if it is a mirror. Raises ``EnvironmentNotReady`` where that fails."""
    store = _remote(context, results)
    if store is not None:
        store.push()
        click.echo(f"pushed to {store.url}", err=True)


def _push_leftovers(store: RemoteStore) -> None:
    """Push what an earlier call could not push; a failure is only reported on stderr."""
    try:
        if store.has_leftovers():
            store.push()
    except EqcError as error:
        click.echo(f"eqc: not yet pushed: {error}", err=True)


def _remote(context: click.Context, results: Path) -> RemoteStore | None:
    stores: dict[Path, RemoteStore] = context.meta.get(_MIRRORS, {})
    return stores.get(results)
