"""Output of programs within bounds: lines as they come, and the end of what was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LINE_LIMIT = 1 << 16
"""Bytes of one line that are kept: what a runner says of a session is a few hundred."""
TAIL_BYTES = 1 << 16
"""Bytes at the end of an output that are kept."""


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines in ``chunks``, which end anywhere, without line ends, cut at ``LINE_LIMIT``.

    No more than one chunk and one line is held, also where no line ends.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line[:LINE_LIMIT].decode(errors="replace")
        rest = rest[:LINE_LIMIT]
    if rest:
        yield rest.decode(errors="replace")


def tail_of(chunks: Iterable[bytes], lines: int) -> str:
    """The last ``lines`` lines in ``chunks``, of which at most ``TAIL_BYTES`` are held."""
    kept = b""
    for chunk in chunks:
        kept = (kept + chunk)[-TAIL_BYTES:]
    return "\n".join(kept.decode(errors="replace").splitlines()[-lines:])
