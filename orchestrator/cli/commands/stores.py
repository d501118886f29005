"""Commands on stores: report, explain, diff, merge, import."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.analysis.tables.registry import TABLES
from orchestrator.cli.commands.choices import ALL, FIGURE_FORMATS
from orchestrator.cli.commands.declaring import command
from orchestrator.cli.commands.names import NameOf
from orchestrator.cli.commands.options import (
    FILE,
    FOLDER,
    StoreLocation,
    choice_options,
    compare_option,
    output_file,
    store_folder,
)
from orchestrator.model.experiment import IGNORABLE
from orchestrator.report.formats import Written
from orchestrator.report.registry import format_names


@command("report:report")
@store_folder
@click.option(
    "--format", "kind", type=NameOf(lambda: format_names(Written.REPORT)), default="table"
)
@click.option("--show", type=NameOf(lambda: (*TABLES, ALL)), help="One analysis, or all of them.")
@choice_options
@compare_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A file; a folder for --show all."
)
@click.option(
    "--strict",
    is_flag=True,
    help="Keep non-deterministic platforms apart; --check: what is not available is missing.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 5 where nothing was observed, 4 where some is missing, 3 where outputs differ.",
)
@click.option("--figures", type=FOLDER, help="Also draw the study's figures, for print, here.")
@click.option(
    "--figure-format", type=click.Choice(FIGURE_FORMATS), default="svg", show_default=True
)
def report() -> None:
    """Show the equivalence classes of every run at or below STORE.

    With --show NAME one analysis as a table; with --show all -o FOLDER a file for each.
    """


@command("explain:explain")
@store_folder
@choice_options
@compare_option
@click.option(
    "--predict",
    type=FILE,
    help="A fingerprint (`eqc probe --json`): which class should it fall into?",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="For all searches together; what they did not finish is said.",
)
@click.option("--format", "kind", type=click.Choice(["text", "json"]), default="text")
@output_file
@click.option(
    "--confirm",
    is_flag=True,
    help="Try it: present this computer as platforms that differ in one attribute.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    default=1800.0,
    show_default=True,
    metavar="SECONDS",
    help="For the sessions of --confirm; 0: only show what would be tried.",
)
@click.option(
    "--by",
    type=click.Choice(["cpuid", "emulated"]),
    help="How --confirm presents CPUs. [default: cpuid where it can]",
)
@click.option(
    "--experiment", "file", type=FILE, help="What STORE was made from, if it has moved since."
)
@click.option("--yes", is_flag=True, help="Do not ask before --confirm computes.")
def explain() -> None:
    """Find the fewest attributes that determine the classes, exactly, and all such sets.

    Hardware and settings are the causes; settings only where they are compared, as with
    --compare platform,threads. What the framework chose is shown between them and the classes,
    and explains, as do mere names of platforms, only where nothing else does.

    What always occurs together cannot be told apart by looking. With --confirm this computer is
    presented as platforms that differ in one attribute, and each attribute of the minimal sets
    becomes confirmed, refuted or untestable here. The result is kept in STORE; the same command
    goes on where it was stopped. docs/confirm.md says what it proves.
    """


@command("diff:diff")
@click.argument("baseline", type=StoreLocation(file_okay=True), metavar="BASELINE")
@click.argument("current", type=StoreLocation(exists=True, file_okay=True), metavar="CURRENT")
@click.option(
    "--format", "kind", type=NameOf(lambda: format_names(Written.DIFFERENCE)), default="text"
)
@output_file
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="[OUTPUT:]FORM",
    help="What may have moved without exit code 3: 12bits, 4ulp, rtol=1e-5,atol=1e-8. Repeatable.",
)
@click.option(
    "--ignore",
    multiple=True,
    type=click.Choice(IGNORABLE),
    help="Compare though this differs between the two. Repeatable.",
)
@compare_option
@click.option("--accept", is_flag=True, help="Make CURRENT the baseline, which must be a file.")
def diff() -> None:
    """Compare CURRENT with BASELINE; each is a store or a file of `eqc report --format json`.

    It says how far what moved has moved. Exit code 3 where they differ, with --tolerance where
    something differs by more; 4 where something that was there is missing. Of several tolerances
    for an output all must hold; those that name it replace those that name none. What cannot be
    judged, since its tensor or chain is not stored, is never within one. With --accept the
    differences are shown once more, CURRENT becomes the baseline, and the exit code is 0.
    """


@command("stores:merge")
@click.argument(
    "stores", nargs=-1, required=True, type=StoreLocation(exists=True), metavar="STORES..."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=StoreLocation(),
    help="Where the union goes; may exist already.",
)
def merge() -> None:
    """Unite STORES; their order does not matter.

    No cell that was planned, no call and no observation is lost. A session that two of them hold
    with other bits is an error that names both lines, with exit code 9; nothing is written then.
    """


@command("stores:import_", name="import")
@click.argument("kind", type=click.Choice(["innfrastructure"]))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--into",
    "store",
    type=StoreLocation(),
    default=Path("results"),
    show_default=True,
    help="The store that takes them.",
)
def import_() -> None:
    """Import the result files of the NeurIPS 2023 study from FOLDER.

    A damaged or foreign file is named and skipped; the exit code is 4 then.
    """
