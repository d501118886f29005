"""Explanations and predictions as JSON, for other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.results.explanation import Answer, Cluster, Explanation, MinimalSet, Prediction


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
        "suspects": [asdict(suspect) for suspect in explanation.suspects],
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
