"""Commands about an experiment file alone: ``validate`` and ``plan``, offline unless asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click
from rich.table import Table

from orchestrator import experiment as spec
from orchestrator.cli.terminal import console
from orchestrator.model.experiment import Isolation, Plan
from orchestrator.plan.availability import available
from orchestrator.plan.cells import (
    PlanRow,
    make_plan,
    over_limit,
    plan_json,
    plan_rows,
    reasons_not_available,
)
from orchestrator.plan.cost import ASSUMPTION, dollars, estimates, total
from orchestrator.providers.registry import providers
from orchestrator.report.escape import plain
from orchestrator.report.words import DASH
from orchestrator.store.run_folder import RunFolder, newest_run
from orchestrator.system.counted import counted


def validate(file: Path, *, online: bool) -> None:
    """Carry out ``eqc validate``."""
    experiment = spec.load(file, providers())
    planned = make_plan(experiment)
    if online:
        check_versions(file, planned, {})
    cells = planned.cells
    platforms = counted(len(experiment.platforms), "platform")
    click.echo(f"{file}: valid, {counted(len(cells), 'cell')} on {platforms}")


def plan(file: Path, results: Path, *, as_json: bool) -> None:
    """Carry out ``eqc plan``."""
    # `eqc validate` is quick without this import.
    from orchestrator.run.software import sessions_by_present  # noqa: PLC0415

    planned = make_plan(spec.load(file, providers()))
    folder = newest_run(results, planned.experiment.name)
    stored = {} if folder is None else RunFolder(folder).sessions_done()
    # What is in an image, or on a machine that is not rented yet, only a run finds out.
    as_processes = planned.experiment.isolation is Isolation.PROCESS
    done, unjudged = sessions_by_present(planned.cells, stored, installed=as_processes)
    if as_json:
        document = {**plan_json(planned, done), "done_by_any_software": unjudged}
        click.echo(json.dumps(document, indent=1))
        return
    rows = plan_rows(planned, done)
    lacking = sum(row.not_available for row in rows)
    cells = counted(len(planned.cells) - lacking, "cell")
    rest = f", {lacking} more not available" if lacking else ""
    table = Table(title=f"{planned.experiment.name}: {cells}{rest}")
    shown = [name for name in PlanRow._fields if lacking or name != "not_available"]
    for number, name in enumerate(shown):
        table.add_column(name.replace("_", " "), justify="left" if number < 2 else "right")
    for row in rows:
        table.add_row(*(str(getattr(row, name)) for name in shown))
    console().print(table)
    for reason, number in reasons_not_available(planned).items():
        click.echo(f"not available: {plain(reason)} ({counted(number, 'cell')})")
    if unjudged:
        click.echo(
            f"done: {counted(unjudged, 'session')} by whatever software; a run computes again what "
            "other software computed than it finds installed"
        )
    _print_costs(planned, done)


def stored_sessions(plan: Plan, results: Path) -> Mapping[str, int]:
    """By cell id, the number of sessions in the newest run of the experiment in ``results``."""
    folder = newest_run(results, plan.experiment.name)
    if folder is None:
        return {}
    # By whatever software: which one is installed where is not known before a run.
    return Counter(cell for cell, _ in RunFolder(folder).sessions_done())


def check_versions(file: Path, plan: Plan, done: Mapping[str, int]) -> None:
    """That pip's index has every version of the sessions that are left, or it is here already.

    ``done``: cell id → sessions in the store. Raises ``SpecError`` with the versions there are and
    where ``file`` asks for another, ``EnvironmentNotReady`` where the index does not answer.
    """
    cells = available(plan.cells)
    left = {c.variant.installation for c in cells if done.get(c.id, 0) < c.observe.sessions}
    pinned = [each for each in left if each.pin is not None]
    # `eqc validate` is quick without this import.
    if pinned:
        from orchestrator.images.wheelhouse import recorded  # noqa: PLC0415
        from orchestrator.packages import index  # noqa: PLC0415
        from orchestrator.packages.environments import existing  # noqa: PLC0415

        wanted = [e for e in pinned if existing(e) is None and recorded(e, "x86_64") is None]
        if missing := index.missing(wanted):
            raise spec.refused(str(file), plan.experiment.source, missing)


def _print_costs(plan: Plan, done: Mapping[str, int]) -> None:
    """Nothing where every machine is already there: then nothing is paid."""
    cells = available(plan.cells)
    found = [each for each in estimates(cells, done) if each.offer or each.cost != 0]
    if not found:
        return
    table = Table(title="What is left, by estimate")
    for heading in ("platform", "first place tried"):
        table.add_column(heading)
    for heading in ("USD/h", "minutes", "USD"):
        table.add_column(heading, justify="right")
    for each in found:
        if each.obstacle is not None:
            table.add_row(each.platform, f"none: {each.obstacle}", DASH, DASH, DASH)
            continue
        price = None if each.offer is None else each.offer.price_per_hour
        table.add_row(
            each.platform,
            "its provider's choice" if each.offer is None else each.offer.label,
            "unknown" if price is None else dollars(price),
            f"{each.minutes:.0f}",
            "unknown" if each.cost is None else dollars(each.cost),
        )
    whole = total(found)
    screen = console()
    screen.print(table)
    screen.print(f"total: {whole.label}; assumed: {ASSUMPTION}")
    if whole.price_dates:
        screen.print(f"prices of {', '.join(whole.price_dates)}; eqc catalog refresh renews them")
    reason = over_limit(plan, done)
    if reason is not None:
        screen.print(f"eqc run will not start this: {reason}")
