"""Core types as the JSON objects that records and plans carry (docs/formats.md, section 5)."""

from __future__ import annotations

from orchestrator.model.experiment import Cell, Input, Json, Plan, Platform, Variant, Workload


def platform_object(platform: Platform) -> dict[str, Json]:
    """What was asked of a provider."""
    return {
        "id": platform.id,
        "provider": platform.provider,
        "name": platform.name,
        "parameters": dict(platform.parameters),
    }


def workload_object(workload: Workload) -> dict[str, Json]:
    """What was computed."""
    return {
        "id": workload.id,
        "label": workload.label,
        "source": workload.source,
        "name": workload.name,
        "sha256": workload.sha256,
        "weights": workload.weights,
        "arguments": dict(workload.arguments),
    }


def input_object(given: Input) -> dict[str, Json]:
    """On which tensors."""
    return {
        "id": given.id,
        "label": given.label,
        "tensors": {name: sha256 for name, sha256, _ in given.tensors},
    }


def variant_object(variant: Variant) -> dict[str, Json]:
    """With which settings."""
    return {
        "id": variant.id,
        "label": variant.label,
        "framework": variant.framework,
        "precision": variant.precision,
        "threads": variant.threads,
        "batch": variant.batch,
        "device": variant.device,
        "environment": dict(variant.environment),
        "flags": dict(variant.flags),
    }


def cell_objects(cell: Cell) -> dict[str, Json]:
    """The parts of a record that say what was asked for."""
    return {
        "cell": cell.id,
        "platform": platform_object(cell.platform),
        "workload": workload_object(cell.workload),
        "input": input_object(cell.input),
        "variant": variant_object(cell.variant),
    }


def plan_document(plan: Plan) -> dict[str, Json]:
    """``plan.json``: every cell by its id, its parts stored once and referred to by id."""
    parts: dict[str, dict[str, Json]] = {"platforms": {}, "workloads": {}, "inputs": {}}
    parts["variants"] = {}
    cells: list[Json] = []
    for cell in plan.cells:
        objects = (
            ("platforms", cell.platform.id, platform_object(cell.platform)),
            ("workloads", cell.workload.id, workload_object(cell.workload)),
            ("inputs", cell.input.id, input_object(cell.input)),
            ("variants", cell.variant.id, variant_object(cell.variant)),
        )
        for kind, identity, described in objects:
            parts[kind].setdefault(identity, described)
        ids: list[Json] = [identity for _, identity, _ in objects]
        cells.append({"cell": cell.id, "parts": ids, "sessions": cell.observe.sessions})
    return {"schema": 1, "experiment": plan.experiment.name, "cells": cells, **parts}
