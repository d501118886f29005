"""All figures of a store, and which there are none of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.report.print_figures.class_counts import class_count_figures
from orchestrator.report.print_figures.core_counts import core_count_figures
from orchestrator.report.print_figures.dendrograms import dendrogram_figures
from orchestrator.report.print_figures.determinism import determinism_figure
from orchestrator.report.print_figures.figure import StaticFigure, told_apart
from orchestrator.report.print_figures.layers import layer_figures
from orchestrator.report.print_figures.multiplications import size_figures
from orchestrator.results.comparison import PLATFORM
from orchestrator.results.layers import CoreCounts, SizeRow
from orchestrator.results.partitions import ClassCounts, Summary


@dataclass(frozen=True)
class Shown:
    """Everything that figures are drawn from, computed."""

    summary: Summary
    counts: tuple[ClassCounts, ...]
    by_cores: tuple[CoreCounts, ...]
    by_threads: tuple[CoreCounts, ...]
    sizes: tuple[SizeRow, ...]
    series: Mapping[str, str]
    """The line of Figure 4 that a workload, by its label, belongs to."""


def every_figure(found: Shown) -> tuple[tuple[StaticFigure, ...], tuple[str, ...]]:
    """The figures in the study's order, and a sentence for each that there is no data for."""
    noun = found.summary.noun
    only_platforms = f"its order is that of platforms, and what is compared here is {noun.many}"
    members = noun != PLATFORM
    parts: list[StaticFigure | str] = [
        *_or(
            class_count_figures(found.counts),
            f"no figure 1: {only_platforms}"
            if members
            else "no figure 1: no platforms, or nothing observed",
        ),
        *_or(
            [
                *core_count_figures(found.by_cores, "logical CPUs"),
                *core_count_figures(found.by_threads, "threads"),
            ],
            f"no figure 2: {only_platforms}"
            if members
            else "no figure 2: no two groups of platforms were seen at several numbers of cores or "
            "threads",
        ),
        *size_figures(found.sizes, found.series, noun),
        *_or(layer_figures(found.summary.layers, noun), "no figure 5: no layers were observed"),
        *_or(
            dendrogram_figures(found.summary.partitions, noun), "no figure 6: there is no partition"
        ),
        determinism_figure(found.summary.determinism, noun),
    ]
    figures = told_apart(part for part in parts if isinstance(part, StaticFigure))
    return figures, tuple(part for part in parts if isinstance(part, str))


def _or(parts: Iterable[StaticFigure | str], otherwise: str) -> list[StaticFigure | str]:
    return list(parts) or [otherwise]
