"""CPU classes: platforms with the same x86 extensions and core count (Table SUP-1, column CC)."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from orchestrator.analysis.hardware.attribute_costs import CORE_BIN
from orchestrator.analysis.hardware.attributes import AttributeTable

EXTENSIONS = frozenset(
    [
        "sse4a",
        "fma4",
        "xop",
        "fma",
        "avx",
        "avx2",
        "avx512f",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512vl",
        "avx512ifma",
        "avx512vbmi",
        "avx512_vbmi2",
        "avx512_bitalg",
        "avx512_vpopcntdq",
        "avx512_bf16",
        "avx512_fp16",
        "amx_tile",
        "xsavec",
        "asimd",
        "asimddp",
        "asimdhp",
        "i8mm",
        "bf16",
        "sve",
        "sve2",
        "sme",
    ]
)
"""What counts as an extension: SIMD, and ``xsavec``, which came with Skylake's core and sets
client Skylakes apart from Broadwell. Neither 8-bit dot products (the study found no class of
their own) nor half-precision conversions count."""


def cpu_classes(table: AttributeTable, extensions: Collection[str] = EXTENSIONS) -> pd.DataFrame:
    """Platform -> ``extensions`` (sorted, blanks between), ``core bin`` and ``cpu class``.

    Classes count from 0 by first appearance; ``None`` where cores are not known.
    """
    flags = table.flags()
    relevant = sorted(flag for flag in flags.columns if flag in extensions)
    held = [
        " ".join(flag for flag, has in zip(relevant, row, strict=True) if has)
        for row in flags[relevant].to_numpy(dtype=bool).tolist()
    ]
    bins = table.frame[CORE_BIN].tolist() if CORE_BIN in table.frame else [None] * len(table.frame)
    numbers: dict[tuple[str, str], int] = {}
    column = [
        None if size is None else numbers.setdefault((own, size), len(numbers))
        for own, size in zip(held, bins, strict=True)
    ]
    return pd.DataFrame(
        {"extensions": held, CORE_BIN: bins, "cpu class": pd.Series(column, dtype="object").values},
        index=table.frame.index,
    )
