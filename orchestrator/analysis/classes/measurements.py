"""How the outputs were made: frameworks, versions, what their libraries chose."""

from __future__ import annotations

from orchestrator.analysis.observations.table import Observations
from orchestrator.results.partitions import Measurement

_COLUMNS = ["variant", "framework", "version", "device", "isa", "threads", "mode"]


def measurements(observations: Observations) -> tuple[Measurement, ...]:
    """One row per variant and way of measuring, with the platforms it applies to."""
    sessions = observations.sessions
    good = sessions[sessions["status"] == "ok"]
    order = {name: row for row, name in enumerate(sessions["platform"].cat.categories)}
    found: dict[tuple[str | None, ...], dict[str, int]] = {}
    columns = [good[column].tolist() for column in [*_COLUMNS, "platform"]]
    for *values, platform in zip(*columns, strict=True):
        key = tuple(value if isinstance(value, str) else None for value in values)
        counts = found.setdefault(key, {})
        counts[platform] = counts.get(platform, 0) + 1
    return tuple(
        _measurement(key, tuple(sorted(counts, key=order.__getitem__)), sum(counts.values()))
        for key, counts in found.items()
    )


def _measurement(
    key: tuple[str | None, ...], platforms: tuple[str, ...], sessions: int
) -> Measurement:
    variant, framework, version, device, isa, threads, mode = key
    return Measurement(
        str(variant), framework, version, device, isa, threads, mode, platforms, sessions
    )
