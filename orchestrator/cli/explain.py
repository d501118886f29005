"""``eqc explain``: which attributes of the hardware determine the classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from orchestrator.analysis.explain.explain import explain as explain_records
from orchestrator.analysis.explain.prediction import predict
from orchestrator.analysis.observations.labels import Choice
from orchestrator.api import findings
from orchestrator.cli.options import choice_options
from orchestrator.cli.stores import store_folder
from orchestrator.errors import UsageError
from orchestrator.report.formats.explanation_text import explanation_text, prediction_text
from orchestrator.report.formats.json_format import explanation_json, prediction_json
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.system.files import write_whole


@click.command()
@store_folder
@choice_options
@click.option("--across-variants", is_flag=True, help="Let threads and settings be causes, too.")
@click.option(
    "--predict",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A fingerprint (`eqc probe --json`): which class should it fall into?",
)
@click.option("--format", "kind", type=click.Choice(["text", "json"]), default="text")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
def explain(
    store: Path,
    workload: str | None,
    given: str | None,
    variant: str | None,
    platforms: tuple[str, ...],
    predict: Path | None,
    kind: str,
    output: Path | None,
    *,
    across_variants: bool,
) -> None:
    """Find the fewest attributes that determine the classes, exactly, and all such sets."""
    found = findings(store)
    explanations = explain_records(
        found.ordered,
        found.fingerprints,
        workload=workload,
        input=given,
        variant=variant,
        platforms=Choice(platforms=platforms).has_platform,
        across_variants=across_variants,
    )
    if predict is not None:
        fingerprint = _fingerprint(predict)
        predictions = [(one, _predicted(fingerprint, one)) for one in explanations]
        text = "\n".join(
            f"{one.workload} · {one.input} · {one.variant}: {prediction_text(found)}"
            for one, found in predictions
        )
        document: Any = [
            {"workload": one.workload, "input": one.input, "variant": one.variant}
            | prediction_json(found)
            for one, found in predictions
        ]
    else:
        text, document = explanation_text(explanations), explanation_json(explanations)
    shown = json.dumps(document, indent=2) if kind == "json" else text
    if output is None:
        click.echo(shown)
    else:
        write_whole(output, shown.encode())


_predicted = predict


def _fingerprint(path: Path) -> Fingerprint:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path}: not JSON ({error})") from error
    if not isinstance(document, dict) or "cpu" not in document:
        raise UsageError(f"{path}: not a fingerprint; `eqc probe --json` makes one")
    return parse_fingerprint(document)
