"""Reports, differences, explanations and tables as JSON, for programs (docs/formats.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.report.formats import Format
from orchestrator.results.comparison import BY_PLATFORM
from orchestrator.results.difference import (
    ClassChange,
    ClassSide,
    Difference,
    PartitionDifference,
)
from orchestrator.results.explanation import Answer, Cluster, Explanation, MinimalSet, Prediction
from orchestrator.results.partitions import Partition, Summary, TableCell
from orchestrator.results.table import Table, Value


def json_report(summary: Summary) -> dict[str, Any]:
    """``{"schema": 1, "partitions": […]}``: classes by number, platforms sorted.

    Where more than platforms is compared, ``platforms`` are members, and ``compare`` and
    ``members`` say which.
    """
    document = json_partitions(summary.partitions)
    if summary.compare == BY_PLATFORM:
        return document
    members = list(summary.table.platforms)
    return {**document, "compare": list(summary.compare), "members": members}


def json_partitions(partitions: Iterable[Partition]) -> dict[str, Any]:
    """As ``json_report``, from partitions without a summary."""
    return {"schema": 1, "partitions": [_partition(partition) for partition in partitions]}


def json_text(summary: Summary) -> str:
    """``json_report`` as ASCII text: a name cannot contain control sequences of a terminal."""
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


def difference_json(difference: Difference) -> dict[str, Any]:
    """``{"schema": 1, "differs", "incomplete", "partitions": […], …}``.

    ``differs`` means exit code 3, ``incomplete`` 4. ``change`` is a value of
    ``results.difference.Change``; numbers of both sides are pairs ``[before, after]``.
    """
    return {
        "schema": 1,
        "differs": difference.differs,
        "incomplete": difference.incomplete,
        "new_platforms": list(difference.new_platforms),
        "missing_platforms": list(difference.missing_platforms),
        "partitions": [_changed_partition(partition) for partition in difference.partitions],
    }


def difference_json_text(difference: Difference) -> str:
    """``difference_json`` as ASCII text: a name cannot contain control sequences of a terminal."""
    return json.dumps(difference_json(difference), indent=2) + "\n"


def _changed_partition(partition: PartitionDifference) -> dict[str, Any]:
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


def explanation_json(explanations: Sequence[Explanation]) -> dict[str, Any]:
    """``{"schema": 1, "explanations": […]}``.

    Cases of a minimal set list their values by the first member of each cluster, and how many
    platforms have them; rules list the platforms.
    """
    return {"schema": 1, "explanations": [_explanation(one) for one in explanations]}


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """All fields of a prediction, by name."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(prediction)))
    return {"schema": 1, **document}


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {
        "workload": explanation.workload,
        "input": explanation.input,
        "variant": explanation.variant,
        "output": explanation.output,
        "classes": [
            {"number": group.number, "id": group.id, "platforms": list(group.platforms)}
            for group in explanation.classes
        ],
        "answers": [_answer(answer) for answer in explanation.answers],
        "suspects": [asdict(outlier) for outlier in explanation.outliers],
        "undescribed": [asdict(one) for one in explanation.undescribed],
        "notes": list(explanation.notes),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "kinds": [kind.value for kind in answer.kinds],
        "attributes": answer.attributes,
        "clusters": answer.clusters,
        "size": len(answer.sets[0].clusters) if answer.sets else 0,
        "complete": answer.complete,
        "proven": answer.proven,
        "sets": [_set(given) for given in answer.sets],
        "rules": [asdict(rule) for rule in answer.rules],
        "rules_smallest": answer.rules_smallest,
        "contradictions": [
            {
                "groups": [
                    {"class": number, "platforms": list(names)} for number, names in one.groups
                ],
                "kept": one.kept,
            }
            for one in answer.contradictions
        ],
        "unused": [{"attribute": name, "unknown": unknown} for name, unknown in answer.unused],
    }


def _set(given: MinimalSet) -> dict[str, Any]:
    return {
        "cost": given.cost,
        "clusters": [_cluster(cluster) for cluster in given.clusters],
        "cases": [
            {
                "values": {
                    cluster.members[0]: cluster.combinations[row][0]
                    for cluster, row in zip(given.clusters, case.combinations, strict=True)
                },
                "class": case.class_number,
                "platforms": len(case.platforms),
            }
            for case in given.cases
        ],
    }


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "members": list(cluster.members),
        "kinds": [kind.value for kind in cluster.kinds],
        "cost": cluster.cost,
    }


def table_json(table: Table) -> str:
    """``table_document`` as ASCII text: a name cannot contain control sequences of a terminal."""
    return json.dumps(table_document(table), indent=1) + "\n"


def table_document(table: Table) -> dict[str, Any]:
    """``{"schema": 1, "table", "title", "columns", "rows", "notes"}``, rows as lists."""
    return {
        "schema": 1,
        "table": table.name,
        "title": table.title,
        "columns": [
            {"name": column.name, "kind": column.kind.value, "unit": column.unit}
            for column in table.columns
        ],
        "rows": [[_value(value) for value in row] for row in table.rows],
        "notes": list(table.notes),
    }


def _value(value: Value) -> Any:
    if isinstance(value, TableCell):
        return {
            "class": value.number,
            "nondeterministic": value.nondeterministic,
            "first": value.first,
            "repeated": value.repeated,
            "footnote": value.footnote,
        }
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no infinities and no NaN.
        return str(value)
    return value


FORMAT = Format(
    "json", ".json", report=json_text, table=table_json, difference=difference_json_text
)
