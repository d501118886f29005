"""Options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.store.bucket.objects import is_url


class StoreLocation(click.ParamType[Path]):
    """A folder, or an ``s3://…`` or ``gs://…`` address, of which a local mirror is pulled first."""

    name = "store"

    def __init__(self, *, exists: bool = False, file_okay: bool = False) -> None:
        self._folder = click.Path(exists=exists, file_okay=file_okay, path_type=Path)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """The word for a value of this type in ``--help``."""
        return "FOLDER|URL"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """The folder to read and write: for an address, the folder of the mirror.

        Raises ``EnvironmentNotReady`` where the bucket cannot be read.
        """
        if isinstance(value, Path) or not is_url(value):
            folder: Path = self._folder.convert(value, param, ctx)
            return folder
        # Imported here: a folder needs no code for buckets, which is slow to import.
        from orchestrator.cli.mirrors import pulled  # noqa: PLC0415

        return pulled(value, ctx)


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

experiment_file = click.argument("file", type=FILE, metavar="EXPERIMENT.yaml")
store_folder = click.argument("store", type=StoreLocation(exists=True), metavar="STORE")
results_folder = click.option(
    "--results",
    type=StoreLocation(),
    default=Path("results"),
    show_default=True,
    help="Where runs are stored: a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")
output_file = click.option("-o", "--output", type=NEW_FILE, help="A file.")

compare_option = click.option(
    "--compare",
    metavar="AXES",
    help="Compare along these: 'on,threads'. Default: what the experiment says.",
)

F = TypeVar("F", bound=Callable[..., Any])


def choice_options(declaration: F) -> F:
    """Adds ``--workload``, ``--input`` (passed as ``given``), ``--variant``, ``--platforms``,
    ``--software``.
    """
    return _with(
        declaration,
        click.option("--workload", help="Only this workload, by the label of the tables."),
        click.option("--input", "given", help="Only this input."),
        click.option("--variant", help="Only this variant."),
        click.option(
            "--platforms",
            multiple=True,
            metavar="PATTERN",
            help="Only these: 'gcloud/*'. Repeatable.",
        ),
        click.option(
            "--software",
            multiple=True,
            metavar="NAME",
            help="As computed by 'onnxruntime 1.24.1', or all; default: the last. Repeatable.",
        ),
    )


def _with(declaration: F, *options: Callable[[F], F]) -> F:
    for option in reversed(options):
        declaration = option(declaration)
    return declaration
