"""Results are computed in one place: read from the source, and seen at work."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from orchestrator.analysis.bounds import PAGE, Bounds
from orchestrator.analysis.observations.labels import Choice
from tests.environment import ROOT
from tests.unit.report.everything import everything

PACKAGE = ROOT / "orchestrator"
ANALYSIS = "orchestrator.analysis"
FOLDERS = ("classes", "explain", "hardware", "layers")
"""Of the analysis: what computes. ``observations`` reads records, ``tables`` shows."""

ASSEMBLERS = (f"{ANALYSIS}.findings", f"{ANALYSIS}.summary")
"""Findings, and what Findings alone calls."""

OF_TWO_STORES = {
    "classes.difference.difference",
    "classes.difference.difference_exit",
    "layers.moved.with_partings",
}
"""Called by ``eqc diff``: what changed between two stores is no result of one."""

OF_INTERVENTIONS = {"hardware.attributes.described", "classes.distance.compared"}
"""Called by ``eqc explain --confirm``, which changes the attributes that were compared, and by
``eqc agree``, which says how far a setting moves an output."""

ELSEWHERE_TOO = {"classes.partition.partitions": {"explain"}}
"""An explanation over chosen platforms numbers classes over these."""


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


@cache
def trees() -> dict[str, ast.Module]:
    return {module_name(path): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}


def public_functions() -> set[str]:
    """``hardware.core_counts.core_counts`` and the like."""
    return {
        f"{module.removeprefix(ANALYSIS + '.')}.{node.name}"
        for module, tree in trees().items()
        if module.startswith(tuple(f"{ANALYSIS}.{folder}." for folder in FOLDERS))
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def uses(tree: ast.Module) -> Iterator[str]:
    """Every time that a name of ``analysis`` stands in ``tree``, called or handed on, by the name
    it has there; ``from … import`` of a function or of its module, under any alias."""
    names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0
        for alias in node.names
    }
    names |= {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            found = names.get(ast.unparse(node)) or names.get(first, "") + bool(rest) * f".{rest}"
            if found.startswith(f"{ANALYSIS}."):
                yield found.removeprefix(f"{ANALYSIS}.")


def folder_of(module: str) -> str | None:
    """``hardware`` of ``orchestrator.analysis.hardware.order``; ``None`` outside the analysis."""
    if not module.startswith(f"{ANALYSIS}."):
        return None
    return module.removeprefix(f"{ANALYSIS}.").partition(".")[0]


def found_uses() -> Counter[tuple[str, str]]:
    """(module, function) of every use of a public function outside its own folder."""
    functions = public_functions()
    return Counter(
        (module, name)
        for module, tree in trees().items()
        for name in uses(tree)
        if name in functions and name.partition(".")[0] != folder_of(module)
    )


def test_only_findings_call_the_analysis() -> None:
    """Outside its folders no module of the package has a use of their functions but Findings."""
    others = {
        (module, name)
        for module, name in found_uses()
        if module not in ASSEMBLERS
        and folder_of(module) not in FOLDERS
        and name not in OF_TWO_STORES | OF_INTERVENTIONS
    }
    assert others == set()


def test_every_result_is_computed_at_one_place() -> None:
    """What Findings call they call once, and no folder but the function's own calls it, too."""
    counted = found_uses()
    results = {name for module, name in counted if module in ASSEMBLERS}
    assert len(results) > 25
    for name in results:
        calls = {
            module: number
            for (module, used), number in counted.items()
            if used == name and folder_of(module) not in ELSEWHERE_TOO.get(name, ())
        }
        assert list(calls.values()) == [1], f"{name}: {calls}"


@pytest.mark.parametrize(
    "source",
    [
        "from orchestrator.analysis.hardware.core_counts import core_counts\ncore_counts(1)",
        "from orchestrator.analysis.hardware.core_counts import core_counts as c\nmap(c, [])",
        "from orchestrator.analysis.hardware import core_counts as m\nm.core_counts(1)",
        "import orchestrator.analysis.hardware.core_counts as m\nm.core_counts(1)",
        "def f():\n from orchestrator.analysis.hardware.core_counts import core_counts as c\n c()",
    ],
)
def test_a_call_is_seen_however_it_was_imported(source: str) -> None:
    assert "hardware.core_counts.core_counts" in set(uses(ast.parse(source)))


def test_an_explanation_of_a_choice_is_one_of_all_explanations() -> None:
    found = everything()
    (all_inputs,) = found.explanations.items
    (one,) = found.explained(Choice(input="digits:1")).items
    assert one == replace(all_inputs, partitions=all_inputs.partitions[1:])
    (one,) = found.explained(Choice(input="digits:1", platforms=("new*",))).items
    assert {name for group in one.classes for name in group.platforms} == {
        "new small",
        "new large",
    }


def test_bounds_end_the_work_and_change_nothing_that_was_done() -> None:
    found = everything()
    for bounds in (PAGE, Bounds(tensor_bytes=10**6)):
        bounded = replace(found, bounds=bounds)
        assert bounded.layer_details == found.layer_details
        assert bounded.consequences == found.consequences
        assert not bounded.layers_cut_short
    cut = replace(found, bounds=Bounds(tensor_bytes=1))
    assert cut.layers_cut_short
    assert cut.consequences == ()


def test_a_prediction_for_each_explanation() -> None:
    found = everything()
    fingerprint = next(iter(found.fingerprints.values()))
    predictions = found.predictions(fingerprint, Choice(input="digits:0"))
    assert [(one.input, predicted.class_number) for one, predicted in predictions.items] == [
        ("digits:0", found.explanations.items[0].classes[0].number)
    ]
