"""``eqc explain``: which attributes of the hardware determine the classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from orchestrator.analysis.explain.explain import Limits
from orchestrator.analysis.observations.labels import Choice
from orchestrator.api import Bounds, findings
from orchestrator.cli.confirm import confirm_explanations
from orchestrator.cli.mirrors import push_to
from orchestrator.cli.stores import axes_of
from orchestrator.errors import UsageError
from orchestrator.report.formats.explanation_text import explanation_text, predictions_text
from orchestrator.report.formats.json_format import explanation_json, predicted_json
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.system.files import write_whole


@click.pass_context
def explain(
    context: click.Context,
    store: Path,
    workload: str | None,
    given: str | None,
    variant: str | None,
    platforms: tuple[str, ...],
    software: tuple[str, ...],
    predict: Path | None,
    seconds: float,
    kind: str,
    output: Path | None,
    compare: str | None,
    *,
    confirm: bool,
    budget: float,
    by: str | None,
    file: Path | None,
    yes: bool,
) -> None:
    """Carry out ``eqc explain``."""
    bounds = Bounds(Limits(seconds=seconds))
    found = findings(store, bounds=bounds, software=software, compare=axes_of(compare))
    for note in found.notes:
        click.echo(f"eqc: {note}", err=True)
    choice = Choice(workload, given, variant, platforms)
    if confirm:
        if predict is not None:
            raise UsageError("--confirm makes experiments, --predict needs none: give one of them")
        confirm_explanations(found, choice, store, file=file, budget=budget, by=by, yes=yes)
        found = findings(store, bounds=bounds, software=software, compare=axes_of(compare))
    if predict is not None:
        fingerprint = _fingerprint(predict)
        predictions = found.predictions(fingerprint, choice)
        text = predictions_text(predictions, found.noun)
        document: Any = [predicted_json(*one) for one in predictions.items]
    else:
        explanations = found.explained(choice)
        text = explanation_text(explanations, found.noun)
        document = explanation_json(explanations)
    shown = json.dumps(document, indent=2) if kind == "json" else text
    if output is None:
        click.echo(shown)
    else:
        write_whole(output, shown.encode())
    if confirm:
        push_to(context, store)


def _fingerprint(path: Path) -> Fingerprint:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path}: not JSON ({error})") from error
    if not isinstance(document, dict) or "cpu" not in document:
        raise UsageError(f"{path}: not a fingerprint; `eqc probe --json` makes one")
    return parse_fingerprint(document)
