"""The JSON report: a contract for other programs (docs/formats.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from orchestrator.results.partitions import Partition, Summary


def json_report(summary: Summary) -> dict[str, Any]:
    """``{"schema": 1, "partitions": […]}``: classes by number, platforms sorted."""
    return json_partitions(summary.partitions)


def json_partitions(partitions: Iterable[Partition]) -> dict[str, Any]:
    """As ``json_report``, of partitions alone."""
    return {"schema": 1, "partitions": [_partition(partition) for partition in partitions]}


def json_text(summary: Summary) -> str:
    """``json_report`` as ASCII text, so that no name can steer a terminal."""
    return json.dumps(json_report(summary), indent=2) + "\n"


def _partition(partition: Partition) -> dict[str, Any]:
    return {
        "workload": partition.workload,
        "input": partition.input,
        "variant": partition.variant,
        "output": partition.output,
        "sessions": partition.sessions,
        "remaining_precision": partition.remaining_precision,
        "classes": [
            {"id": group.id, "number": group.number, "platforms": sorted(group.platforms)}
            for group in sorted(partition.classes, key=lambda group: group.number)
        ],
        "nondeterministic": sorted(partition.nondeterministic),
        "missing": [
            {"platform": missing.platform, "status": missing.status, "reason": missing.reason}
            for missing in sorted(partition.missing, key=lambda missing: missing.platform)
        ],
    }
