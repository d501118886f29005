"""The formats of ``eqc report``, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.report.csv_report import csv_text
from orchestrator.report.html_report import html_text
from orchestrator.report.json_report import json_text
from orchestrator.report.latex_report import latex_text
from orchestrator.report.markdown import markdown_text
from orchestrator.report.plain import plain_text
from orchestrator.report.report_junit import report_junit
from orchestrator.report.table_csv import table_csv
from orchestrator.report.table_json import table_json
from orchestrator.report.table_latex import table_latex
from orchestrator.report.table_markdown import table_markdown
from orchestrator.report.table_text import table_text
from orchestrator.results.partitions import Summary
from orchestrator.results.table import Table

FORMATS: Mapping[str, Callable[[Summary], str]] = {
    "table": plain_text,
    "html": html_text,
    "markdown": markdown_text,
    "csv": csv_text,
    "latex": latex_text,
    "json": json_text,
    "junit": report_junit,
}
"""Each gives the whole report as text. On a terminal ``table`` is ``terminal.TableReport``."""

TABLE_FORMATS: Mapping[str, Callable[[Table], str]] = {
    "table": table_text,
    "markdown": table_markdown,
    "csv": table_csv,
    "latex": table_latex,
    "json": table_json,
}
"""Each gives one analysis as text. On a terminal ``table`` is ``table_terminal``."""

SUFFIXES: Mapping[str, str] = {
    "table": ".txt",
    "markdown": ".md",
    "csv": ".csv",
    "latex": ".tex",
    "json": ".json",
}
"""Of the files that hold one table each."""
