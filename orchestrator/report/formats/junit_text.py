"""Text that XML 1.0 can hold."""

from __future__ import annotations

from orchestrator.report.escape import plain


def xml_text(text: str) -> str:
    """Only characters that XML 1.0 has; ElementTree escapes the rest, but lets these pass."""
    return "\n".join(
        "".join("\N{REPLACEMENT CHARACTER}" if ord(c) in (0xFFFE, 0xFFFF) else c for c in line)
        for line in (plain(line) for line in text.split("\n"))
    )
