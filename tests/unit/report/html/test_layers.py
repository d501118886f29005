"""The page's section of layers: kernels of convolutions and products, where there are such."""

from __future__ import annotations

from typing import Any

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.report.formats.html_format import FORMAT
from orchestrator.report.html.layers import layers_section
from orchestrator.store.parse import parse_observation
from tests.unit.analysis.records import A, B, line

BLOCKS = {
    "layer": "conv2d",
    "operation": "_FusedConv2D",
    "kernel": "gemm_api",
    "sizes": "192x288:288x48",
    "source": "onednn",
    "calls": 2,
}


def findings(*rows: dict[str, Any]) -> Findings:
    kernels = {"perturbed": False, "reason": None, "rows": list(rows)}
    given = [line("p", [A]) | {"kernels": kernels}, line("q", [B])]
    return Findings([parse_observation(each) for each in given], {})


def test_kernels_with_their_algorithm() -> None:
    found = findings(BLOCKS, BLOCKS | {"kernel": "aten::tanh"})
    section = layers_section(found.summary, details(found))
    assert section.blocks[0].title == "Kernels of convolutions and products"
    (grid,) = section.blocks[0].grids
    assert [list(row[2:6]) for row in grid.rows] == [
        ["conv2d", "gemm_api", "GEMM", "192x288:288x48"]
    ]


def test_names_of_kernels_are_no_markup() -> None:
    found = findings(BLOCKS | {"kernel": "gemm:<script>x</script>"})
    assert FORMAT.page is not None
    text = FORMAT.page(found.summary, details(found))
    assert "gemm:&lt;script&gt;x" in text
    assert "gemm:<script>" not in text


def test_without_kernels_there_is_no_such_block() -> None:
    found = findings()
    titles = [block.title for block in layers_section(found.summary, details(found)).blocks]
    assert "Kernels of convolutions and products" not in titles
