"""Reports, differences, explanations and tables as JSON, for programs (docs/formats.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.report.formats import Format
from orchestrator.results.comparison import BY_PLATFORM, PLATFORM
from orchestrator.results.confirmation import Confirmation
from orchestrator.results.details import Part
from orchestrator.results.difference import (
    ClassChange,
    ClassSide,
    Difference,
    Moved,
    PartitionDifference,
)
from orchestrator.results.distance import Distance
from orchestrator.results.explanation import (
    ORIGINS,
    Answer,
    Cluster,
    ExplainedPartition,
    Explanation,
    Link,
    MinimalSet,
    Prediction,
    Rule,
)
from orchestrator.results.partitions import LayerProfile, Missing, Partition, Summary, TableCell
from orchestrator.results.table import Table, Value

if TYPE_CHECKING:
    from orchestrator.results.record import SoftwareRecord, VariantRecord


def json_report(summary: Summary) -> dict[str, Any]:
    """``{"schema": 2, "partitions": […], "unrecorded_layers": […]}``: classes by number,
    platforms sorted.

    Where more than platforms is compared, ``platforms`` are members, and ``compare`` and
    ``members`` say which.
    """
    document = json_partitions(summary.partitions, summary.compare, summary.table.platforms)
    document["unrecorded_layers"] = [
        {**_computation(profile), **asdict(layer), "platforms": list(layer.platforms)}
        for profile in summary.layers
        for layer in profile.unrecorded
    ]
    return document


def _computation(profile: LayerProfile) -> dict[str, str]:
    return {"workload": profile.workload, "input": profile.input, "variant": profile.variant}


def json_partitions(
    partitions: Iterable[Partition],
    compare: Sequence[str] = BY_PLATFORM,
    members: Sequence[str] = (),
) -> dict[str, Any]:
    """As ``json_report``, from partitions without a summary."""
    document = {"schema": 2, "partitions": [_partition(partition) for partition in partitions]}
    if tuple(compare) == BY_PLATFORM:
        return document
    return {**document, "compare": list(compare), "members": list(members)}


def json_text(summary: Summary) -> str:
    """``json_report`` as ASCII text: a name cannot contain control sequences of a terminal."""
    return json.dumps(json_report(summary), indent=2) + "\n"


def _partition(partition: Partition) -> dict[str, Any]:
    only = {} if partition.alone is None else {"only_platform": partition.alone}
    return {
        "workload": partition.workload,
        "input": partition.input,
        "variant": partition.variant,
        "output": partition.output,
        "computed_by": partition.computed_by,
        "sessions": partition.sessions,
        **only,
        "remaining_precision": partition.remaining_precision,
        "apart": None if partition.apart is None else _distance(partition.apart),
        "settings": None if partition.settings is None else _settings(partition.settings),
        "software": [_software(one) for one in partition.software],
        "classes": [
            {
                "id": group.id,
                "number": group.number,
                "platforms": sorted(group.platforms),
                "digest": group.digests[0] if len(group.digests) == 1 else None,
                "type": group.type,
                "chain": None if group.chain is None else list(group.chain),
            }
            for group in sorted(partition.classes, key=lambda group: group.number)
        ],
        "nondeterministic": sorted(partition.nondeterministic),
        "missing": [_missing(one) for one in _by_name(partition.missing)],
        "not_available": [_missing(one) for one in _by_name(partition.not_available)],
    }


def _by_name(absent: Iterable[Missing]) -> list[Missing]:
    return sorted(absent, key=lambda one: one.platform)


def _missing(one: Missing) -> dict[str, Any]:
    return {"platform": one.platform, "status": one.status, "reason": one.reason}


def _settings(settings: VariantRecord) -> dict[str, Any]:
    """All but the id and the label."""
    return {
        "framework": settings.framework,
        "pin": settings.pin,
        "requires": list(settings.requires),
        "precision": settings.precision,
        "threads": settings.threads,
        "batch": settings.batch,
        "device": settings.device,
        "environment": dict(settings.environment),
        "flags": None if settings.flags is None else dict(settings.flags),
        "row": settings.row,
        **({"stated": True} if settings.stated else {}),
    }


def _software(software: SoftwareRecord) -> dict[str, Any]:
    return {**asdict(software), "packages": dict(software.packages)}


def _distance(distance: Distance) -> dict[str, Any]:
    return {
        "bits": distance.bits,
        "of_bits": distance.of_bits,
        "largest_absolute": _value(distance.largest_absolute),
        "largest_relative": _value(distance.largest_relative),
        "largest_ulps": distance.largest_ulps,
        "unordered": distance.unordered,
        "flips": None if distance.flips is None else asdict(distance.flips),
        "measured": distance.measured,
        "unknown": list(distance.unknown),
    }


def difference_json(difference: Difference) -> dict[str, Any]:
    """``{"schema": 2, "differs", "fails", "incomplete", "partitions": […], …}``.

    ``fails`` means exit code 3, ``incomplete`` 4. ``change`` is a value of
    ``results.difference.Change``; numbers of both sides are pairs ``[before, after]``.
    """
    return {
        "schema": 2,
        "differs": difference.differs,
        "fails": difference.fails,
        "incomplete": difference.incomplete,
        "tolerances": list(difference.tolerances),
        "ignored": list(difference.ignored),
        **({} if difference.noun == PLATFORM else {"compare": list(difference.compare)}),
        "software": [[_software(one) for one in side] for side in difference.software],
        "software_differs": difference.software_differs,
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
        "current": _key(partition.current),
        "change": partition.change.value,
        "fails": partition.fails,
        "common_platforms": partition.common,
        "classes": list(partition.classes),
        "remaining_precision": list(partition.remaining_precision),
        "changes": [_change(change) for change in partition.changes],
        "moved": [_moved(one) for one in partition.moved],
        "software_differs": partition.software_differs,
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
        "newly_unrecorded": list(partition.newly_unrecorded),
        "newly_recorded": list(partition.newly_recorded),
        "newly_nondeterministic": list(partition.newly_nondeterministic),
        "no_longer_nondeterministic": list(partition.no_longer_nondeterministic),
    }


def _key(key: tuple[str, str, str, str] | None) -> dict[str, str] | None:
    names = ("workload", "input", "variant", "output")
    return None if key is None else dict(zip(names, key, strict=True))


def _moved(moved: Moved) -> dict[str, Any]:
    return {
        "before": moved.before,
        "after": moved.after,
        "platforms": list(moved.platforms),
        "distance": _distance(moved.distance),
        "within": moved.within,
        "beyond": list(moved.beyond),
        **({} if moved.parting is None else {"parting": asdict(moved.parting)}),
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


def explanation_json(found: Part[Explanation]) -> dict[str, Any]:
    """``{"schema": 2, "explanations": […], "notes": […]}``.

    Each has all partitions it is of, with the ids of their classes in the order of ``classes``.
    Cases of a minimal set list their values by the first member of each cluster, and how many
    platforms have them; rules list the platforms.
    """
    return {
        "schema": 2,
        "explanations": [_explanation(one) for one in found.items],
        "notes": [*([found.absent] if found.absent else []), *found.notes],
    }


def predicted_json(partition: ExplainedPartition, prediction: Prediction) -> dict[str, Any]:
    """``prediction_json`` and the partition that it is of."""
    labels = dict(zip(("workload", "input", "variant", "output"), partition.key, strict=True))
    return {**labels, **prediction_json(prediction)}


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """All fields of a prediction, by name."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(prediction)))
    return {"schema": 1, **document}


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {
        "partitions": [asdict(one) for one in explanation.partitions],
        "classes": [
            {"number": group.number, "platforms": list(group.platforms)}
            for group in explanation.classes
        ],
        "answers": [_answer(answer) for answer in explanation.answers],
        "suspects": [asdict(outlier) for outlier in explanation.outliers],
        "undescribed": [asdict(one) for one in explanation.undescribed],
        "partings": [asdict(one) for one in explanation.partings],
        "notes": list(explanation.notes),
        "confirmation": _confirmation(explanation.confirmation),
    }


def _confirmation(found: Confirmation | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "origins": [origin.value for origin in answer.origins],
        "kinds": [kind.value for kind in answer.kinds],
        "attributes": answer.attributes,
        "clusters": answer.clusters,
        "size": len(answer.sets[0].clusters) if answer.sets else 0,
        "complete": answer.complete,
        "proven": answer.proven,
        "sets": [_set(given) for given in answer.sets],
        "links": [_link(link) for link in answer.links],
        "rules": [_rule(rule) for rule in answer.rules],
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


def _link(link: Link) -> dict[str, Any]:
    return {
        "attribute": link.attribute,
        "kind": link.kind.value,
        "determines": link.determines,
        "values": [{"value": value, "classes": list(numbers)} for value, numbers in link.values],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        **asdict(rule),
        "choices": [{"attribute": name, "values": list(made)} for name, made in rule.choices],
    }


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "members": list(cluster.members),
        "kinds": [kind.value for kind in cluster.kinds],
        "origins": [ORIGINS[kind].value for kind in cluster.kinds],
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
            "available": value.available,
        }
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no infinities and no NaN.
        return str(value)
    return value


FORMAT = Format(
    "json", ".json", report=json_text, table=table_json, difference=difference_json_text
)
