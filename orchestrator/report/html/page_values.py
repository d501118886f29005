"""One value of a table, as a person reads it and as a saved file holds it."""

from __future__ import annotations

import json
import math
import re

from markupsafe import Markup, escape

from orchestrator.report.cells import DASH
from orchestrator.report.escape import plain
from orchestrator.report.html.parts import Value

_CODE = re.compile(r"`((?:eqc|observe|vary)\b[^`]*)`")


def shown(value: Value) -> str:
    """Three significant digits of a real number; a dash where nothing is known."""
    if value is None:
        return DASH
    if isinstance(value, tuple):
        return ", ".join(plain(name) for name in value) or DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if math.isfinite(value) else str(value).replace("inf", "∞")
    if isinstance(value, int):
        return f"{value:,}"
    return plain(value)


def saved(value: Value) -> str:
    """JSON of the exact value; what JSON has no number for is text."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(str(value))
    return json.dumps(value)


def prose(text: str) -> Markup:
    """A sentence of ours as HTML; what stands in backticks and is a command or a setting becomes
    code, and nothing else in it becomes markup."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(plain(text)))))  # noqa: S704 - escaped
