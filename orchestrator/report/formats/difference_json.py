"""A difference as JSON, for other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from orchestrator.results.difference import (
    ClassChange,
    ClassSide,
    Difference,
    PartitionDifference,
)


def difference_json(difference: Difference) -> dict[str, Any]:
    """``{"schema": 1, "differs", "incomplete", "partitions": […], …}``.

    ``differs`` stands for exit code 3, ``incomplete`` for 4. ``change`` is the value of
    ``results_difference.Change``; a pair ``[before, after]`` is given for numbers of both sides.
    """
    return {
        "schema": 1,
        "differs": difference.differs,
        "incomplete": difference.incomplete,
        "new_platforms": list(difference.new_platforms),
        "missing_platforms": list(difference.missing_platforms),
        "partitions": [_partition(partition) for partition in difference.partitions],
    }


def difference_json_text(difference: Difference) -> str:
    """``difference_json`` as ASCII text, so that no name can steer a terminal."""
    return json.dumps(difference_json(difference), indent=2) + "\n"


def _partition(partition: PartitionDifference) -> dict[str, Any]:
    return {
        "workload": partition.workload,
        "input": partition.input,
        "variant": partition.variant,
        "output": partition.output,
        "change": partition.change.value,
        "common_platforms": partition.common,
        "classes": list(partition.classes),
        "remaining_precision": list(partition.remaining_precision),
        "changes": [_change(change) for change in partition.changes],
        "missing": [
            {
                "platform": absent.platform,
                "status": absent.status,
                "reason": absent.reason,
                "expected": absent.expected,
            }
            for absent in partition.missing
        ],
        "new": list(partition.new),
        "newly_nondeterministic": list(partition.newly_nondeterministic),
        "no_longer_nondeterministic": list(partition.no_longer_nondeterministic),
    }


def _change(change: ClassChange) -> dict[str, Any]:
    return {
        "change": change.change.value,
        "grouping_kept": change.grouping_kept,
        "before": _sides(change.before),
        "after": _sides(change.after),
        "nondeterministic": list(change.varying),
    }


def _sides(sides: Sequence[ClassSide]) -> list[dict[str, Any]]:
    return [{"id": side.id, "platforms": list(side.platforms)} for side in sides]
