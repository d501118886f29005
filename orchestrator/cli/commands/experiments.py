"""Commands on an experiment file: validate, plan, doctor, run, rehearse; and its schema."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.commands.declaring import command
from orchestrator.cli.commands.options import (
    FILE,
    as_json,
    experiment_file,
    output_file,
    results_folder,
)
from orchestrator.model.experiment import Isolation

jobs = click.option("--jobs", type=click.IntRange(1), help="Jobs at once. [default: the CPUs here]")
events = click.option(
    "--events", type=click.Path(path_type=Path), help="Append JSON lines to this file."
)
quiet = click.option("--quiet", is_flag=True, help="No progress.")


@command("experiment:validate")
@experiment_file
@click.option("--online", is_flag=True, help="Ask pip's index for the versions of 'on', too.")
def validate() -> None:
    """Check an experiment file; print every mistake with its line."""


@command("experiment:plan")
@experiment_file
@results_folder
@as_json
def plan() -> None:
    """Show what a run would compute, and what the store already has."""


@command("schema:schema")
@click.argument("which", type=click.Choice(["experiment", "observation"]), default="experiment")
def schema() -> None:
    """Print the JSON Schema of an experiment file or of a stored observation."""


@command("doctor:doctor")
@click.argument("file", type=FILE, required=False)
@results_folder
@click.option("--registry", envvar="EQC_REGISTRY", metavar="HOST/PATH", help="Look at this, too.")
@as_json
def doctor() -> None:
    """Look at everything that a run of FILE needs: engine, disk, registry, and for each provider
    credentials, permissions (by dry-run calls), quotas and clock. Exit code 8 on an error."""


@command("run:run")
@experiment_file
@results_folder
@click.option("--fresh", is_flag=True, help="Start a new run instead of resuming the newest.")
@click.option(
    "--isolation",
    type=click.Choice([i.value for i in Isolation]),
    help="Override the file's: containers, processes, or containers where an engine answers.",
)
@jobs
@click.option(
    "--registry",
    envvar="EQC_REGISTRY",
    metavar="HOST/PATH",
    help="Images travel to far machines through this registry. [default: by SSH]",
)
@events
@quiet
@click.option("--strict", is_flag=True, help="What is known not to be available is missing, too.")
@click.option("--allow-missing", is_flag=True, help="Exit with 0, not 4, where cells are missing.")
def run() -> None:
    """Observe every cell of an experiment that the store has not, then show the classes.

    Stop it at any time, even with kill -9: the same command goes on where it was.
    """


@command("agree:agree")
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="EXPERIMENT|STORE")
@results_folder
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="For the search; what it did not try is said, and the same command goes on.",
)
@click.option(
    "--size",
    type=click.IntRange(1, 3),
    default=3,
    show_default=True,
    help="Settings in a set, at most.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="For rented machines, by estimate. [default: the file's limits: cost]",
)
@click.option("--float64", is_flag=True, help="Try computing in float64, too.")
@click.option(
    "--time",
    "repetitions",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    metavar="LAPS",
    help="Warm runs of each recommended set, beside as many without it; 0: none.",
)
@click.option("--fresh", is_flag=True, help="Start a new search instead of resuming the newest.")
@click.option(
    "--isolation",
    type=click.Choice([i.value for i in Isolation]),
    help="As of eqc run.",
)
@jobs
@click.option("--format", "kind", type=click.Choice(["text", "json"]), default="text")
@output_file
@quiet
def agree() -> None:
    """Find the fewest settings that make the platforms of an experiment agree, bit for bit.

    Environment variables, flags and threads, as images/<framework>/agreement.json lists them: each
    alone, then two and three together. Shown are the smallest sets with the fewest classes, how
    much slower they are here, how far they move the outputs, and what to write to the file. A set
    under which a platform gives nothing is never one of them. Observations are stored in a run of
    their own, NAME-agree, and not made again.
    """


@command("rehearse:rehearse")
@experiment_file
@results_folder
@click.option("--cloud", is_flag=True, help="Play provisioning, too: fake clouds, real SSH.")
@click.option("--registry", metavar="HOST/PATH", help="With --cloud: images travel through it.")
@click.option("--fresh", is_flag=True, help="Start a new rehearsal instead of resuming the newest.")
@jobs
@events
@quiet
def rehearse() -> None:
    """Play a sweep with docker compose: every machine that FILE would rent is an emulated CPU here.

    Images, runner, store and report are the real ones. Rows say `rehearsal`, stand in a run of
    their own and are no measurement of the hardware they are named after.
    """
