"""The HTML page of what was found, with every analysis."""

from __future__ import annotations

from pathlib import Path

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.system.files import write_whole
from orchestrator.report.html.page import html_text


def page_text(found: Findings) -> str:
    """The whole page; its analyses are bounded in time and memory."""
    return html_text(found.summary, details(found))


def write_page(run: Path, found: Findings) -> Path:
    """The page of a run, in its folder; returns its path."""
    page = run / "report" / "index.html"
    write_whole(page, page_text(found).encode())
    return page
