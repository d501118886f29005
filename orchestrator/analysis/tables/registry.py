"""All tables by name, as ``eqc report --show`` takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.tables.classes import counts_table, partitions_table, platforms_table
from orchestrator.analysis.tables.distances import consequences_table, margins_table, ulps_table
from orchestrator.analysis.tables.hardware import (
    clusters_table,
    cpu_classes_table,
    flags_table,
    suspects_table,
)
from orchestrator.analysis.tables.layers import (
    layer_details_table,
    layer_effects_table,
    layer_shares_table,
    layers_table,
)
from orchestrator.analysis.tables.sessions import (
    determinism_table,
    measurements_table,
    missing_table,
)
from orchestrator.analysis.tables.sizes import collapse_table, multiplications_table
from orchestrator.results.table import Table

TABLES: Mapping[str, Callable[[Findings], Table]] = {
    "partitions": partitions_table,
    "platforms": platforms_table,
    "counts": counts_table,
    "determinism": determinism_table,
    "missing": missing_table,
    "measurements": measurements_table,
    "clusters": clusters_table,
    "flags": flags_table,
    "cpu-classes": cpu_classes_table,
    "suspects": suspects_table,
    "collapse": collapse_table,
    "multiplications": multiplications_table,
    "layers": layers_table,
    "layer-details": layer_details_table,
    "layer-effects": layer_effects_table,
    "layer-shares": layer_shares_table,
    "consequences": consequences_table,
    "ulps": ulps_table,
    "margins": margins_table,
}
"""Each is a pure function; ``Table.name`` is its key."""
