"""The console on which commands print: a terminal, file or pipe."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console

PLAIN_WIDTH = 160
"""Columns of the output to a file or pipe: it is read in an editor that can scroll."""


def console(file: TextIO | None = None) -> Console:
    """A console on ``file`` (default: stdout); plain text of a fixed width if it is no terminal."""
    stream = file or sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else PLAIN_WIDTH,
        highlight=False,
        # Names of platforms and models come from users' files: they must not act as markup.
        markup=False,
        emoji=False,
    )
