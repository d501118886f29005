"""``eqc``: the group of all commands, and how errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
import warnings

import click

from orchestrator import __version__
from orchestrator.cli.commands import COMMANDS
from orchestrator.errors import EqcError, Exit, TornLine
from orchestrator.report.escape import plain


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="eqc")
def cli() -> None:
    """Does a neural network compute the same numbers everywhere?

    Runs fixed models on fixed inputs on many platforms, finds which of them gave bit-identical
    outputs (equivalence classes), and says how far the others are apart.
    """


for each in COMMANDS:
    cli.add_command(each)


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
        # The message may quote a machine's output: escape control characters.
        said = "\n".join(plain(line) for line in str(error).split("\n"))
        click.echo(f"eqc: {said}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        # The program that reads stdout (e.g. `head`) has closed it: no error, but stdout must be
        # replaced, since Python flushes it once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.DONE
    except Exception:  # noqa: BLE001 - any other exception is a bug in eqc: say so
        traceback.print_exc()
        click.echo("eqc: this is a bug in eqc; please report the lines above", err=True)
        code = Exit.BUG
    sys.exit(int(code or 0))


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"eqc: warning: {message}", err=True)


if __name__ == "__main__":
    main()
