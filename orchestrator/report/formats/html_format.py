"""The report as one HTML page."""

from __future__ import annotations

from orchestrator.report.formats import Format
from orchestrator.results.details import Details
from orchestrator.results.partitions import Summary


def page_text(summary: Summary, details: Details) -> str:
    """``html_text``."""
    # What draws takes a third of a second: not for a list of names.
    from orchestrator.report.html.page import html_text  # noqa: PLC0415

    return html_text(summary, details)


FORMAT = Format("html", ".html", page=page_text)
