"""``eqc schema``: the published schemas of experiment files and of stored observations."""

from __future__ import annotations

import json

import click

from orchestrator.experiment import json_schema
from orchestrator.providers.registry import providers
from orchestrator.store.schema import observation_schema


def schema(which: str) -> None:
    """Carry out ``eqc schema``."""
    document = json_schema(providers()) if which == "experiment" else observation_schema()
    click.echo(json.dumps(document, indent=1))
