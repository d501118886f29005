"""Commands on an experiment file: validate, plan, doctor, run, rehearse; and its schema."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.commands.declaring import command
from orchestrator.cli.commands.options import FILE, as_json, experiment_file, results_folder
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
