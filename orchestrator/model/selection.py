"""The fields of ``include`` and ``exclude``, and how they match a cell.

A filter matches a cell if each of its fields does; a field matches if the cell has one of its
values. A cell without the field (``cpu`` of ``local``) does not match; but a variable or flag that
is not set has the value ``null``.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.model.experiment import (
    Filter,
    Input,
    Installation,
    Platform,
    Scalar,
    Variant,
    Workload,
)

Values = Mapping[str, frozenset[Scalar]]

PLATFORM_FIELDS = frozenset(
    {
        "provider",
        "platform",
        "cpu",
        "arch",
        "levels",
        "families",
        "sizes",
        "machine_types",
        "cpu_platforms",
        "microarchitectures",
        "gpus",
        "hosts",
    }
)
VARIANT_FIELDS = frozenset({"threads", "precision", "batch", "device"})
FIELDS = PLATFORM_FIELDS | VARIANT_FIELDS | {"on", "model", "input"}
"""All fields but ``environment.NAME`` and ``flags.NAME``."""

_PARAMETERS = {
    "cpu": "cpu",
    "arch": "arch",
    "level": "levels",
    "family": "families",
    "machine_type": "machine_types",
    "cpu_platform": "cpu_platforms",
    "microarchitecture": "microarchitectures",
    "gpu": "gpus",
    "host": "hosts",
}


def of_platform(platform: Platform) -> Values:
    """The fields of a platform; family and size come from the name of its machine type."""
    values: dict[str, frozenset[Scalar]] = {
        "provider": frozenset([platform.provider]),
        "platform": frozenset([platform.name]),
    }
    for name, value in platform.parameters:
        if name in _PARAMETERS:
            values[_PARAMETERS[name]] = frozenset([value])
    machine_type = platform.get("machine_type")
    if isinstance(machine_type, str):
        family, size = family_and_size(machine_type)
        values |= {"families": frozenset([family]), "sizes": frozenset([size])}
    return values


def family_and_size(machine_type: str) -> tuple[str, str]:
    """``c5.large`` → c5, large; ``n2d-standard-4`` → n2d, standard-4.

    EC2 puts a dot between them, also where a family has dashes (``u7i-12tb.224xlarge``).
    """
    family, _, size = machine_type.partition("." if "." in machine_type else "-")
    return family, size


def of_workload(workload: Workload) -> Values:
    """The field of a workload: its label, or its model as written (``source:name``)."""
    return {"model": frozenset([workload.label, f"{workload.source}:{workload.name}"])}


def of_input(given: Input) -> Values:
    """The field of an input: its label."""
    return {"input": frozenset([given.label])}


def of_installation(installation: Installation) -> Values:
    """The field of an installation: its framework's name, and that name with its version."""
    return {"on": frozenset([installation.framework, installation.label])}


def of_variant(variant: Variant) -> Values:
    """The fields of a variant: its settings, and each variable and flag as a field of its own."""
    values: dict[str, frozenset[Scalar]] = {
        "threads": frozenset([variant.threads]),
        "precision": frozenset([variant.precision]),
        "batch": frozenset([variant.batch]),
        "device": frozenset([variant.device]),
    }
    values |= {f"environment.{key}": frozenset([value]) for key, value in variant.environment}
    values |= {f"flags.{key}": frozenset([value]) for key, value in variant.flags}
    return values


def matches(wanted: Filter, values: Values, *, fields: frozenset[str] | None = None) -> bool:
    """Whether the fields of ``wanted`` match ``values``. ``fields``: compare only these."""
    unset: frozenset[Scalar] = frozenset([None])
    for field, accepted in wanted.fields:
        if fields is not None and field.partition(".")[0] not in fields:
            continue
        missing = unset if "." in field else frozenset()
        if not accepted & values.get(field, missing):
            return False
    return True
