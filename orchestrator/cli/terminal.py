"""The terminal, or the file or pipe that stands for it."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console

PLAIN_WIDTH = 160
"""Columns where there is no terminal to ask: a log is read in an editor that can scroll."""


def console(file: TextIO | None = None) -> Console:
    """A console on ``file`` (stdout); without a terminal, plain text of a fixed width."""
    stream = file or sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else PLAIN_WIDTH,
        highlight=False,
        # Names of platforms and models come from files: never read them as markup.
        markup=False,
        emoji=False,
    )
