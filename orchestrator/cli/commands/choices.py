"""The valid values of options, as copies of lists that are defined elsewhere.

Importing the originals takes a second, which ``--help`` would have to wait for. A test compares
each copy with its original.
"""

from __future__ import annotations

ARCHITECTURES = ("x86_64", "arm64")
"""Architectures of images; a copy of the keys of ``images.build.BASES``."""

DIFFERENCE_FORMATS = ("json", "junit", "text")
"""Formats of ``eqc diff``; a copy of the keys of ``cli.diff.FORMATS``."""

FIGURE_FORMATS = ("svg", "pdf", "png")

REPORT_FORMATS = ("csv", "html", "json", "junit", "latex", "markdown", "table")
"""Formats of ``eqc report``; a copy of the keys of ``report.registry.FORMATS``."""

ALL = "all"
"""``--show all``."""

TABLES = (
    *("partitions", "platforms", "counts", "determinism", "missing", "measurements", "clusters"),
    *("flags", "cpu-classes", "suspects", "collapse", "multiplications", "layers"),
    *("layer-details", "layer-effects", "layer-shares", "consequences", "ulps", "margins"),
)
"""Tables of ``eqc report --show``; a copy of the keys of ``analysis.tables.registry.TABLES``."""
