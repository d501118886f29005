from __future__ import annotations

import json
from pkgutil import iter_modules

from orchestrator.report import formats
from orchestrator.report.formats import Written
from orchestrator.report.registry import FORMATS, format_names
from tests.distributions import python
from tests.environment import ROOT

NO_FORMAT = {"confirmation_text", "explanation_text"}
"""What two formats share, and ``eqc explain`` prints."""
HEAVY = {"pandas", "numpy", "scipy", "plotly", "jinja2", "matplotlib", "pyarrow"}
LISTED = """
import json, sys
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.report.registry import FORMATS
print(json.dumps([list(TABLES), list(FORMATS), sorted(sys.modules)]))
"""


def test_every_file_of_the_folder_declares_its_format() -> None:
    files = {found.name for found in iter_modules(formats.__path__)} - NO_FORMAT
    assert len(files) == len(FORMATS.own)
    for name, found in FORMATS.own.items():
        assert found.name == name
        assert found.suffix.startswith(".")
        assert any(found.writes(what) for what in Written)


def test_names_by_what_is_written() -> None:
    tables = ("csv", "json", "latex", "markdown", "table")
    assert format_names(Written.TABLE) == tables
    assert set(format_names(Written.REPORT)) == {*tables, "html", "junit"}
    assert format_names(Written.DIFFERENCE) == ("json", "junit", "text")


def test_listing_names_imports_nothing_heavy() -> None:
    done = python(ROOT, "-c", LISTED)
    tables, named, modules = json.loads(done.stdout)
    assert "layer-effects" in tables
    assert "html" in named
    assert not HEAVY & set(modules)
