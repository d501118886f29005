"""The words that options take and that stand elsewhere beside what they name.

Importing them from there takes a second, for ``--help`` too; a test compares the two.
"""

from __future__ import annotations

ARCHITECTURES = ("x86_64", "arm64")
"""Of images: ``images.build.BASES``."""

DIFFERENCE_FORMATS = ("json", "junit", "text")
"""Of ``eqc diff``: ``cli.diff.FORMATS``."""

FIGURE_FORMATS = ("svg", "pdf", "png")

REPORT_FORMATS = ("csv", "html", "json", "junit", "latex", "markdown", "table")
"""Of ``eqc report``: ``report.registry.FORMATS``."""

ALL = "all"
"""``--show all``."""

TABLES = (
    *("partitions", "platforms", "counts", "determinism", "missing", "measurements", "clusters"),
    *("flags", "cpu-classes", "suspects", "collapse", "multiplications", "layers"),
    *("layer-details", "layer-effects", "layer-shares", "consequences", "ulps", "margins"),
)
"""Of ``eqc report --show``: ``analysis.tables.registry.TABLES``."""
