"""The formats of ``eqc report``, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.report.csv_report import csv_text
from orchestrator.report.html_report import html_text
from orchestrator.report.json_report import json_text
from orchestrator.report.latex_report import latex_text
from orchestrator.report.markdown import markdown_text
from orchestrator.report.plain import plain_text
from orchestrator.results_model import Summary

FORMATS: Mapping[str, Callable[[Summary], str]] = {
    "table": plain_text,
    "html": html_text,
    "markdown": markdown_text,
    "csv": csv_text,
    "latex": latex_text,
    "json": json_text,
}
"""Each gives the whole report as text. On a terminal ``table`` is ``terminal.TableReport``."""
