"""Logs that real runs of LeNet-5 wrote, one thread or two, November 2026."""

from __future__ import annotations

from pathlib import Path

from eqc_runner.kernels.trace import Line, parsed

FOLDER = Path(__file__).resolve().parents[3] / "data" / "kernels"


def lines(name: str) -> list[Line]:
    return list(parsed((FOLDER / name).read_text("utf-8").splitlines()))
