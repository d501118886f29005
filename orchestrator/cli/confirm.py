"""``eqc explain --confirm``: shows what would be tried and what it costs, then tries it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.labels import Choice
from orchestrator.cli.run import ended_by_signals
from orchestrator.confirm.confirm import Prepared, ThisComputer, carry_out, prepare
from orchestrator.confirm.hypotheses import claims
from orchestrator.confirm.interventions import Means
from orchestrator.confirm.sessions import Budget, Sessions
from orchestrator.confirm.this_computer import this_computer
from orchestrator.executors.process import probe
from orchestrator.model.events import Event, Note
from orchestrator.model.experiment import Isolation
from orchestrator.report.escape import plain
from orchestrator.report.formats.explanation_text import partition_names
from orchestrator.store.confirmations import append_confirmation
from orchestrator.system.counted import counted

SHOWN_LEFT = 8
"""Differences that cannot be changed here that are named for a pair."""


def confirm_explanations(
    found: Findings,
    choice: Choice,
    store: Path,
    *,
    file: Path | None,
    budget: float,
    by: str | None,
    yes: bool,
) -> None:
    """Try every explanation of several classes, and store what that showed."""
    explanations = found.explained(choice, only_apart=True)
    if explanations.absent:
        click.echo(f"eqc: {explanations.absent}", err=True)
        return
    named = [one for one in explanations.items if claims(one)]
    if len(named) < len(explanations.items):
        left = counted(len(explanations.items) - len(named), "grouping")
        click.echo(
            f"eqc: {left} of {found.noun.many}: no attribute is named, so none tried", err=True
        )
    if not named:
        return
    isolation = _isolation(found)
    here = this_computer(probe(), isolation, None if by is None else Means(by))
    prepared = [prepare(found, one, store, here, file) for one in named]
    for one in prepared:
        _show(one, here)
    total = sum(one.sessions for one in prepared)
    seconds = sum(one.sessions * one.seconds for one in prepared)
    click.echo(
        f"{counted(total, 'session')} at most, where one change decides each pair: about "
        f"{seconds:.0f} s, at no cost but this computer's; the budget is {budget:g} s",
        err=True,
    )
    if not budget:
        return
    if not yes and sys.stdin.isatty():
        click.confirm("Go on?", default=True, abort=True, err=True)
    spending = Budget(budget)
    with ended_by_signals() as (stop, abort):
        for one in prepared:
            compute = Sessions(store, one.experiment, isolation, spending, _tell, stop, abort)
            confirmation = carry_out(
                one, compute, here, lambda: (spending.sessions, spending.spent), _say
            )
            append_confirmation(store, confirmation)


def _show(one: Prepared, here: ThisComputer) -> None:
    for name in partition_names(one.explanation):
        click.echo(plain(name), err=True)
    if here.presenter is None:
        click.echo(f"  CPUs cannot be presented: {here.why_no_cpu}", err=True)
    for pair, way in one.plan:
        click.echo(
            plain(
                f"  {pair.before} (class {pair.before_class}) → {pair.after} (class "
                f"{pair.after_class}): {counted(len(way.changes), 'difference')} by "
                f"{', '.join(sorted({change.means.value for change in way.changes})) or 'nothing'}"
            ),
            err=True,
        )
        names = [left.attribute for left in way.unchangeable]
        rest = len(names) - SHOWN_LEFT
        if names:
            more = f" and {rest} more" if rest > 0 else ""
            click.echo(f"    not here: {plain(', '.join(names[:SHOWN_LEFT]))}{more}", err=True)


def _isolation(found: Findings) -> Isolation:
    """That of the store's sessions: another one could be a cause of its own."""
    known = {record.machine.isolation for record in found.records}
    return Isolation.DOCKER if known == {Isolation.DOCKER.value} else Isolation.PROCESS


def _tell(event: Event) -> None:
    if isinstance(event, Note):
        click.echo(f"eqc: {plain(event.text)}", err=True)


def _say(text: str) -> None:
    click.echo(f"  {plain(text)}", err=True)
