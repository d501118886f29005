"""``eqc``: the group of all commands, and how errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from importlib import import_module

import click

from orchestrator import __version__
from orchestrator.errors import EqcError, Exit
from orchestrator.report.escape import plain
from orchestrator.store.records import TornLine

COMMANDS = {
    "catalog": "catalog:catalog",
    "diff": "diff:diff",
    "doctor": "doctor:doctor",
    "explain": "explain:explain",
    "images": "probe:images",
    "import": "stores:import_",
    "merge": "stores:merge",
    "plan": "experiment:plan",
    "probe": "probe:probe",
    "reap": "fleet:reap",
    "rehearse": "rehearse:rehearse",
    "report": "report:report",
    "run": "run:run",
    "schema": "experiment:schema",
    "status": "fleet:status",
    "validate": "experiment:validate",
}


class Commands(click.Group):
    """Imports a command's module when it is asked for: half of them need no pandas, no plotly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """All names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"orchestrator.cli.{module}"), name)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="eqc")
def cli() -> None:
    """Does a neural network compute the same numbers everywhere?

    Runs fixed models on fixed inputs on many platforms, finds which of them gave bit-identical
    outputs (equivalence classes), and says how far the others are apart.
    """


def main() -> None:
    """Run ``eqc`` and exit with one of ``errors.Exit``."""
    warnings.simplefilter("default", TornLine)
    warnings.showwarning = _show_warning
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = Exit.INTERRUPTED
    except EqcError as error:
        # A machine's words may be in it.
        said = "\n".join(plain(line) for line in str(error).split("\n"))
        click.echo(f"eqc: {said}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        # The reader of our output left; what it did not read is nobody's loss.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.DONE
    except Exception:  # noqa: BLE001 - the last resort: say that it is ours, and how to report it
        traceback.print_exc()
        click.echo("eqc: this is a bug in eqc; please report the lines above", err=True)
        code = Exit.BUG
    sys.exit(int(code or 0))


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"eqc: warning: {message}", err=True)


if __name__ == "__main__":
    main()
