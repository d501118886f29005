"""Values of options that are defined where importing them would take a second.

``--help`` would have to wait for it. A test compares each copy with its original.
"""

from __future__ import annotations

ARCHITECTURES = ("x86_64", "arm64")
"""Architectures of images; a copy of the keys of ``images.build.BASES``."""

FIGURE_FORMATS = ("svg", "pdf", "png")
"""Formats that matplotlib writes; the first is the default."""

ALL = "all"
"""``--show all``."""
