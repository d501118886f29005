"""A job: the folder with all that one runner on one machine needs to compute."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator import catalog
from orchestrator.errors import UsageError
from orchestrator.executors.presentation import PresentationFiles
from orchestrator.model.experiment import (
    Cell,
    Installation,
    Json,
    Keep,
    Limits,
    Workload,
    content_id,
    pairs,
)
from orchestrator.model.machine import Machine, Presented
from orchestrator.system.files import disk_errors

START_SECONDS = 120.0
"""Allowance for importing a framework, also under emulation, before a worker's first session."""

_PRESENTATION = Path("/opt/eqc/presentation")
IN_IMAGE = PresentationFiles(_PRESENTATION / "libpresent.so", _PRESENTATION / "sites.tsv")
"""Every image has them (images/Dockerfile)."""


@dataclass(frozen=True)
class Job:
    """Cells of one platform and one installation, with the sessions still to be observed."""

    machine: Machine
    installation: Installation
    cells: tuple[tuple[Cell, tuple[int, ...]], ...]

    @property
    def name(self) -> str:
        """The name of the job's work folder; no other installation's has it."""
        wanted = self.installation
        if wanted == Installation(wanted.framework):
            return f"{self.machine.id}-{wanted.framework}"
        # Versions have characters that no folder's name has.
        return (
            f"{self.machine.id}-{wanted.framework}-{content_id([wanted.pin, *wanted.requires])[:8]}"
        )

    @property
    def title(self) -> str:
        """The job's name in messages."""
        return f"{self.machine.platform.name} {self.installation.title}"

    @property
    def sessions(self) -> int:
        """How many sessions the job has."""
        return sum(len(sessions) for _, sessions in self.cells)

    def seconds(self, limits: Limits) -> float:
        """The longest the job may take: all sessions at their limit, and all workers' starts."""
        return sum(
            len(sessions) * limits.session_seconds
            + START_SECONDS * (1 if cell.observe.mode == "fork" else len(sessions))
            for cell, sessions in self.cells
        )


Done = Mapping[tuple[str, int], Collection[str | None]]
"""The ids of the software that computed a session, by (cell id, session number)."""


def pending_sessions(
    cells: Sequence[Cell], done: Done, accepts: Callable[[Cell, Collection[str | None]], bool]
) -> tuple[tuple[Cell, tuple[int, ...]], ...]:
    """Cells with their session numbers that are still to be computed; without complete cells.

    ``accepts``: whether a cell need not be computed again where these computed it.
    """

    def is_open(cell: Cell, session: int) -> bool:
        by = done.get((cell.id, session))
        return by is None or not accepts(cell, by)

    wanted = (
        (cell, tuple(s for s in range(cell.observe.sessions) if is_open(cell, s))) for cell in cells
    )
    return tuple((cell, sessions) for cell, sessions in wanted if sessions)


def write_job(
    job: Job,
    folder: Path,
    limits: Limits,
    deadline: float | None,
    files: PresentationFiles = IN_IMAGE,
) -> None:
    """Write ``job.json``, the models and the inputs into ``folder`` (docs/formats.md, section 2).

    ``deadline``: Unix seconds by the machine's clock; ``None``: none. ``files``: what presents the
    machine as another CPU, where it is to be.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    cells: list[Json] = [_cell(job, cell, sessions, folder) for cell, sessions in job.cells]
    document: dict[str, Json] = {
        "schema": 1,
        "job": job.name,
        "deadline": deadline,
        "launcher": list(job.machine.launcher),
        "emulated": job.machine.emulated,
        "presented": _presented(job.machine.presented, files),
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "session_seconds": limits.session_seconds,
        },
        "probe": True,
        "cells": cells,
    }
    with disk_errors(folder):
        (folder / "job.json").write_text(json.dumps(document, indent=1), "utf-8")


def presented_in(folder: Path) -> Presented | None:
    """The CPU that the job in ``folder`` is to see; ``None``: the machine's own."""
    try:
        known = json.loads((folder / "job.json").read_bytes()).get("presented")
    except (OSError, ValueError):
        return None
    if known is None:
        return None
    leaves = tuple((name, (a, b, c, d)) for name, (a, b, c, d) in known["leaves"].items())
    return Presented(known["name"], leaves, known["xcr0"])


def _presented(presented: Presented | None, files: PresentationFiles) -> Json:
    if presented is None:
        return None
    return {
        "name": presented.name,
        "leaves": {name: list(registers) for name, registers in presented.leaves},
        "xcr0": presented.xcr0,
        "library": str(files.library),
        "sites": str(files.sites),
    }


def sessions_of_job(folder: Path) -> dict[str, tuple[int, ...]]:
    """Cell id → session numbers of the job in ``folder``; empty if ``job.json`` is incomplete."""
    try:
        document = json.loads((folder / "job.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return {cell["cell"]: tuple(cell["sessions"]) for cell in document["cells"]}


def _cell(job: Job, cell: Cell, sessions: tuple[int, ...], folder: Path) -> dict[str, Json]:
    workload, variant, observe = cell.workload, cell.variant, cell.observe
    platform_sets = job.machine.environment(variant.framework) or ()
    flags: dict[str, Json] = dict(variant.flags)
    framework = catalog.frameworks().get(variant.framework)
    flag_sets = framework.variables_of(flags) if framework is not None else {}
    tensors: dict[str, Json] = {}
    for name, sha256, path in cell.input.tensors:
        tensors[name] = _place(Path(path), folder, f"inputs/{sha256}.npy")
    return {
        "cell": cell.id,
        "framework": variant.framework,
        # The platform's variables win: a variant must not undo a mask.
        "environment": dict(
            pairs({**flag_sets, **dict(variant.environment), **dict(platform_sets)})
        ),
        "workload": {
            "source": workload.source,
            "name": workload.name,
            "path": _model_path(workload, folder),
            "sha256": workload.sha256,
            "companions": {each.name: each.sha256 for each in workload.companions},
            "weights": workload.weights,
            "weights_path": _model(workload.weights_path, workload.weights, folder),
            "arguments": dict(workload.arguments),
            "signature": workload.signature,
        },
        "input": {"tensors": tensors},
        "cast": cell.input.cast,
        "precision": variant.precision,
        "threads": variant.threads,
        "batch": variant.batch,
        "row": variant.row,
        "device": variant.device,
        "flags": flags,
        "requires": list(variant.requires),
        "sessions": list(sessions),
        "mode": observe.mode,
        "layers": observe.layers,
        "kernels": observe.kernels,
        # One tensor of each class is wanted: send all, the store keeps each digest once.
        "keep": "all" if observe.keep is Keep.CLASSES else observe.keep.value,
    }


def _model_path(workload: Workload, folder: Path) -> str | None:
    """The model in the job; with companions in a folder of its own, where they are called as it
    calls them."""
    if workload.path is None or not workload.companions:
        return _model(workload.path, workload.sha256, folder)
    place = f"models/{workload.sha256}"
    for companion in workload.companions:
        _place(Path(companion.path), folder, f"{place}/{companion.name}")
    source = Path(workload.path)
    return _place(source, folder, f"{place}/{source.name}")


def _model(path: str | None, content: str | None, folder: Path) -> str | None:
    if path is None:
        return None
    source = Path(path)
    stem = (content or source.stem).replace("sha256:", "")
    return _place(source, folder, f"models/{stem}{source.suffix}")


def _place(source: Path, folder: Path, name: str) -> str:
    """Put a file or folder into the job under ``name``, by a hard link where possible.

    Raises ``UsageError`` where it cannot be read, ``EnvironmentNotReady`` where the disk is full.
    """
    target = folder / name
    if target.exists():
        return name
    if not source.exists():
        raise UsageError(f"{source}: was there when the experiment was read, and is not any more")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                _link(source, target)
        except shutil.Error as error:
            first, _, why = error.args[0][0]
            if f"[Errno {errno.ENOSPC}]" in why:
                raise OSError(errno.ENOSPC, why) from error
            raise UsageError(f"{first}: cannot be copied: {why}") from error
    return name


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
