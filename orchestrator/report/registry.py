"""The formats of ``eqc report``, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.report.formats.csv_format import csv_text, table_csv
from orchestrator.report.formats.json_format import json_text, table_json
from orchestrator.report.formats.junit import report_junit
from orchestrator.report.formats.latex import latex_text, table_latex
from orchestrator.report.formats.markdown import markdown_text, table_markdown
from orchestrator.report.formats.text import plain_text, table_text
from orchestrator.report.html.page import html_text
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
