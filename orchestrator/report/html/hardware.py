"""The page's section of CPU flags and CPU classes."""

from __future__ import annotations

from orchestrator.report.html.parts import Block, CellValue, Grid, Section, grid, section
from orchestrator.results.details import CpuClass, Details, FlagRow, FlagTable
from orchestrator.system.counted import counted

GROUPS = 40
"""Generations that are columns of the flag table."""


def flags_section(details: Details) -> Section:
    """Which flags occur together, in which generations, and the CPU classes."""
    blocks = [_flags(table) for table in details.flags.items]
    if details.cpu_classes.items:
        blocks.append(_classes(details.cpu_classes.items))
    notes = [details.flags.absent, *details.flags.notes]
    notes += [details.cpu_classes.absent, *details.cpu_classes.notes]
    if details.flags.items:
        left = details.flags.items[0].undescribed
        notes += [f"{name}: {reason}, so it is in no row" for name, reason in left[:20]]
        if len(left) > 20:
            more = counted(len(left) - 20, "more platform is", "more platforms are")
            notes.append(f"{more} in no row, for such reasons")
    return section(
        "flags",
        "CPU flags",
        "Flags that always occur together form a cluster: these observations cannot tell them "
        "apart. Flags with vector arithmetic on floats come first.",
        blocks,
        command="eqc report STORE --show clusters",
        notes=notes,
        opened=len(blocks),
    )


def _flags(table: FlagTable) -> Block:
    common_flags = counted(len(table.common), "flag")
    clusters = counted(len(table.rows), "cluster")
    lines = [f"Common to all platforms: {common_flags}; the others form {clusters}."]
    shown = table.groups[:GROUPS]
    if len(table.groups) > GROUPS:
        more = counted(len(table.groups) - GROUPS, "more generation is", "more generations are")
        lines.append(f"{more} left out: `eqc report STORE --show clusters` shows all.")
    everyone = sum(platforms for _, platforms in table.groups)
    heads = [f"{name} ({counted(platforms, 'platform')})" for name, platforms in shown]
    rows = grid(
        "flag-clusters",
        "Clusters of flags by generation: yes, no, or some of its platforms",
        ("cluster", "flags", "platforms", *heads),
        (
            *(
                (row_name(row.flags), row.flags, row.platforms, *_presence(row))
                for row in table.rows
            ),
            ("common to all", table.common, everyone, *("yes" for _ in shown)),
        ),
        command="eqc report STORE --show clusters",
    )
    return Block("Flag table: clusters by generation", tuple(lines), grids=(rows,))


def row_name(flags: tuple[str, ...]) -> str:
    """``avx512f (+5)``."""
    return flags[0] + (f" (+{len(flags) - 1})" if len(flags) > 1 else "")


def _presence(row: FlagRow) -> tuple[CellValue, ...]:
    words = {True: "yes", False: "no", None: "some"}
    return tuple(words[held] for held in row.presence[:GROUPS])


def _classes(found: tuple[CpuClass, ...]) -> Block:
    return Block(
        f"CPU classes: {counted(len(found), 'combination')} of extensions and number of CPUs",
        grids=(_class_grid(found),),
    )


def _class_grid(found: tuple[CpuClass, ...]) -> Grid:
    return grid(
        "cpu-classes",
        "CPU classes",
        ("CPU class", "logical CPUs", "platforms", "names", "extensions"),
        (
            (one.number, one.core_bin, len(one.platforms), one.platforms, one.extensions)
            for one in found
        ),
        command="eqc report STORE --show cpu-classes",
    )
