"""The page's sections on observations: varying ones, missing ones, and how they were computed."""

from __future__ import annotations

from orchestrator.report.html.parts import Block, Section, grid, section
from orchestrator.report.words import column_name, determinism
from orchestrator.results.partitions import Summary

JSON = "eqc report STORE --format json"


def determinism_section(summary: Summary) -> Section:
    """Cells whose sessions disagree, with all their outputs."""
    table = grid(
        "determinism",
        "Cells whose sessions disagree",
        (
            summary.noun.one,
            "computation",
            "distinct outputs (sessions)",
            "bits that remain among them",
        ),
        (
            (
                one.platform,
                column_name((one.workload, one.input, one.variant, one.output)),
                tuple(f"{digest} ({count})" for digest, count in one.outputs),
                one.remaining_precision,
            )
            for one in summary.determinism.variations
        ),
        command="eqc report STORE --show determinism",
    )
    blocks = [] if table.empty else [Block(grids=(table,))]
    return section("determinism", "Determinism", determinism(summary), blocks, command=JSON)


def missing_section(summary: Summary) -> Section:
    """(platform, status, reason) of every cell without an output, each combination once.

    Those that are not available are listed with the others, and told apart by their status.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for letter, partition in zip(summary.table.letters, summary.partitions, strict=True):
        for absent in partition.without_output:
            key = (absent.platform, absent.status, absent.reason)
            found.setdefault(key, []).append(letter)
    table = grid(
        "missing",
        "Cells without output",
        (summary.noun.one, "status", "reason", "columns"),
        ((*key, tuple(letters)) for key, letters in found.items()),
        command="eqc report STORE --show missing",
    )
    intro = (
        "These cells gave no output and are in no class. What is not available was known before "
        "it was tried, and is not missing."
    )
    whole = "Every cell that was asked for has an output."
    blocks = [] if table.empty else [Block(grids=(table,))]
    return section(
        "missing", "Without output", whole if table.empty else intro, blocks, command=JSON
    )


def measured_section(summary: Summary) -> Section:
    """The frameworks, versions and threads that computed the outputs, and on which platforms."""
    table = grid(
        "measurements",
        "Frameworks and versions",
        (
            *("variant", "framework", "device", "instructions chosen", "threads"),
            *("sessions", "mode", summary.noun.many),
        ),
        (
            (
                row.variant,
                f"{row.framework or '?'} {row.version or '(version not recorded)'}",
                row.device,
                row.isa or "not said",
                row.threads or "not said",
                row.sessions,
                row.mode,
                row.platforms,
            )
            for row in summary.measurements
        ),
        command="eqc report STORE --show measurements",
    )
    return section(
        "measured",
        "How it was measured",
        "Outputs are compared bit by bit through BLAKE3 digests of type, shape and content: 0.0 "
        "and \N{MINUS SIGN}0.0 differ, NaN payloads count. Remaining precision comes from the "
        "precision chain of each output.",
        [] if table.empty else [Block(grids=(table,))],
        command=JSON,
    )
