"""``eqc status`` and ``eqc reap``: list rented machines that are running, and end them.

Both find the machines by their tags in all regions of the providers; they need no local file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.table import Table

from orchestrator import catalog
from orchestrator.cli.terminal import console
from orchestrator.errors import EnvironmentNotReady, Exit
from orchestrator.fleet.clock import RealClock
from orchestrator.fleet.reap import Found, find_all, to_reap
from orchestrator.fleet.reap import reap as end_all
from orchestrator.model.machine import Machine, Provider, Unavailable
from orchestrator.providers import registry
from orchestrator.report.escape import plain
from orchestrator.run.lock import live_runs


@click.pass_context
def status(context: click.Context, names: tuple[str, ...], *, as_json: bool) -> None:
    """Carry out ``eqc status``."""
    providers, found = _look(names)
    rows = [_row(machine) for machine in found.machines]
    if as_json:
        not_seen = [{"provider": name, "reason": why} for name, why in found.not_seen]
        click.echo(json.dumps({"machines": rows, "not_seen": not_seen}, indent=2))
    else:
        seen = sorted(providers.keys() - dict(found.not_seen).keys())
        _show(rows, seen)
        _say_not_seen(found)
    context.exit(Exit.NOT_READY if found.not_seen else Exit.DONE)


@click.pass_context
def reap(
    context: click.Context,
    names: tuple[str, ...],
    run: str | None,
    *,
    all_owners: bool,
    yes: bool,
) -> None:
    """Carry out ``eqc reap``."""
    providers, found = _look(names)
    mine = None if all_owners else registry.owner()
    chosen = to_reap(found.machines, time.time(), live_runs(), owner=mine, run=run)
    for machine, why in chosen:
        click.echo(f"{'ending' if yes else 'would end'} {_name(machine)}: {why}")
    _say_not_seen(found)
    # A run that was killed after its machines had ended may have left keys and firewall rules.
    driven, up = live_runs(), {(m.platform.provider, m.run) for m in found.machines}
    seeing = {name: p for name, p in providers.items() if name not in dict(found.not_seen)}
    list_shared = [
        trace
        for trace in _traces(seeing, mine)
        if trace not in up and trace[1] not in driven and run in (None, trace[1])
    ]
    for name, tag in list_shared:
        action = "removing" if yes else "would remove"
        click.echo(f"{action} keys and firewall rules of run {plain(tag)} at {name}")
    spared = len(found.machines) - len(chosen)
    if not yes:
        click.echo(f"{len(chosen)} to end, {spared} spared; nothing was ended (--yes ends them)")
        context.exit(Exit.NOT_READY if found.not_seen else Exit.DONE)
    ending = [machine for machine, _ in chosen]
    reaped = end_all(providers, ending, RealClock(), registry.how_to_end)
    ended = {(m.platform.provider, m.run) for m in reaped.ended if m.run}
    still = {(m.platform.provider, m.run) for m in found.machines if m not in reaped.ended}
    _tidy(providers, sorted({*list_shared, *ended} - still))
    click.echo(f"{len(reaped.ended)} ended, {len(reaped.left)} left, {spared} spared")
    for machine, why in reaped.left:
        click.echo(f"eqc: left: {_name(machine)}: {why}", err=True)
    if reaped.left:
        context.exit(Exit.MACHINES_LEFT)
    context.exit(Exit.NOT_READY if found.not_seen else Exit.DONE)


def _look(names: Sequence[str]) -> tuple[dict[str, Provider], Found]:
    """The providers that can be asked, and what they have.

    One that this computer is not set up for is said and left out, unless ``names`` has it or none
    is left: then nothing is known, and ``EnvironmentNotReady`` is raised.
    """
    providers: dict[str, Provider] = {}
    absent: list[str] = []
    for name in names or registry.rented():
        try:
            providers[name] = registry.make(name)
        except EnvironmentNotReady as error:
            if names:
                raise
            absent.append(str(error))
    if absent and not providers:
        raise EnvironmentNotReady(
            f"no provider could be asked, so machines of ours may be up: {'; '.join(absent)}"
        )
    for text in absent:
        click.echo(f"eqc: not looked at: {text}", err=True)
    return providers, find_all(providers)


def _traces(providers: dict[str, Provider], owner: str | None) -> list[tuple[str, str]]:
    """(provider, run) of the keys and firewall rules of ``owner``; ``None``: of all owners."""
    found: list[tuple[str, str]] = []
    for name, provider in providers.items():
        try:
            tags = provider.list_shared(owner)
        except Unavailable as error:
            click.echo(f"eqc: {name}: keys and firewall rules cannot be listed: {error}", err=True)
            continue
        found += [(name, tag) for tag in tags]
    return found


def _tidy(providers: dict[str, Provider], runs: Sequence[tuple[str, str]]) -> None:
    """Delete the keys and firewall rules that a run's machines shared."""
    for name, run in runs:
        try:
            providers[name].delete_shared(run)
        except Unavailable as error:
            click.echo(f"eqc: {name}: what belongs to run {run} is still there: {error}", err=True)


def _row(machine: Machine) -> dict[str, Any]:
    price = _price(machine)
    hours = None if machine.launched is None else (time.time() - machine.launched) / 3600
    return {
        "provider": machine.platform.provider,
        "machine": machine.id,
        "platform": machine.platform.name,
        "place": machine.offer.label,
        "run": machine.run,
        "owner": machine.owner,
        "since": _when(machine.launched),
        "ends": _when(machine.expires),
        "price_per_hour": price,
        "cost": None if price is None or hours is None else round(price * hours, 4),
    }


def _price(machine: Machine) -> float | None:
    """US dollars per hour by the price list: the price it was ordered at is not in its tags."""
    offer = machine.offer
    if offer.price_per_hour is not None or offer.machine_type is None:
        return offer.price_per_hour
    try:
        kind = catalog.machine_type(machine.platform.provider, offer.machine_type)
    except Unavailable:
        return None
    prices = [price for price in kind.prices if price.region == offer.region]
    given = [price.spot if offer.spot else price.on_demand for price in prices]
    return given[0] if given else None


def _show(rows: Sequence[dict[str, Any]], seen: Sequence[str]) -> None:
    if not rows:
        none = f"no machine of ours is up at {', '.join(seen)}"
        click.echo(none if seen else "whether machines of ours are up is not known")
        return
    table = Table(box=None, pad_edge=False)
    heads = ("machine", "place", "run", "owner", "since", "ends", "$/h", "cost so far")
    for head in heads:
        table.add_column(head)
    for row in rows:
        cost = "unknown" if row["cost"] is None else f"{row['cost']:.2f} $"
        hourly = "unknown" if row["price_per_hour"] is None else f"{row['price_per_hour']:.3f}"
        words = [row[key] or "unknown" for key in ("machine", "place", "run", "owner")]
        words += [row["since"] or "unknown", row["ends"] or "never", hourly, cost]
        table.add_row(*(plain(str(word)) for word in words))
    console().print(table)


def _say_not_seen(found: Found) -> None:
    for name, why in found.not_seen:
        click.echo(
            f"eqc: {name} could not be asked, so it may have machines of ours: {why}", err=True
        )


def _name(machine: Machine) -> str:
    parts = [machine.id, machine.offer.label, f"run {machine.run}", f"owner {machine.owner}"]
    return plain(", ".join(parts))


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
