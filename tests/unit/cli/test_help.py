"""Help and validation come at once: they import nothing that only other work needs."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from orchestrator.cli.commands import choices
from orchestrator.cli.commands.declaring import Implementation
from orchestrator.cli.main import cli
from orchestrator.images import BASES
from tests.environment import ROOT

HEAVY = {
    *("pandas", "plotly", "boto3", "docker", "paramiko", "scipy", "pyarrow", "google"),
    *("matplotlib", "jinja2", "numpy", "jsonschema", "pydantic", "requests", "s3fs", "gcsfs"),
}
NEEDED_TO_VALIDATE = {"numpy", "pydantic"}

CALL = """
import json, sys
from orchestrator.cli.main import main
try:
    main()
except SystemExit as ended:
    print(json.dumps([ended.code, sorted(sys.modules)]), file=sys.stderr)
"""


def commands(
    command: click.Command, *names: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command at or below ``command``, by the words that call it."""
    yield names, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, *names, name)


ALL = dict(commands(cli))


def imported_by(*words: str) -> set[str]:
    """The modules that a call has imported by its end."""
    done = subprocess.run(
        [sys.executable, "-c", CALL, *words], capture_output=True, text=True, cwd=ROOT
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert (code, bool(done.stdout)) == (0, True), done.stderr
    return set(modules)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert not imported_by(*words, "--help") & HEAVY


def test_neither_does_validating() -> None:
    found = imported_by("validate", "experiments/quickstart.yaml") & HEAVY
    assert found == NEEDED_TO_VALIDATE


@pytest.mark.parametrize("words", [w for w, c in ALL.items() if c is not cli], ids=" ".join)
def test_every_command_is_implemented_with_the_options_it_has(words: tuple[str, ...]) -> None:
    command = ALL[words]
    assert isinstance(command.callback, Implementation)
    takes = inspect.signature(command.callback.load()).parameters.keys() - {"context"}
    assert takes == {parameter.name for parameter in command.params}


def test_choices_are_the_words_of_the_engine() -> None:
    assert set(choices.ARCHITECTURES) == set(BASES)
