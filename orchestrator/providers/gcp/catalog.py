"""Compute Engine's machine types from its own API, in the format of the catalogue's file.

That API has no prices: the catalogue's prices stay those of their own list and date. Tested against
a small fake of ``machineTypes.aggregatedList`` only, never against Google.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import compute_v1

from orchestrator import catalog
from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.model.experiment import Json
from orchestrator.model.machine import ProviderError, ProviderErrorKind

SOURCE = "Compute Engine machineTypes.aggregatedList"


def refreshed(regions: Sequence[str], project: str | None) -> dict[str, Json]:
    """The list of machine types anew. Raises ``EnvironmentNotReady``, ``UsageError``."""
    if not project:
        raise UsageError("name the project: --project, or GOOGLE_CLOUD_PROJECT")
    try:
        client = compute_v1.MachineTypesClient()
        return {"machine_types": machine_types_document(client, project, regions)}
    except (GoogleAuthError, ProviderError) as error:
        raise EnvironmentNotReady(str(error)) from error


def machine_types_document(client: Any, project: str, regions: Sequence[str]) -> dict[str, Json]:
    """All types in ``regions`` (empty: in all), in the format of ``gcp_machine_types.json``.

    ``client`` is a ``compute_v1.MachineTypesClient``. Raises ``ProviderError``.
    """
    found: dict[str, Any] = {}
    try:
        for scope, scoped in client.aggregated_list(project=project):
            region = scope.removeprefix("zones/").rpartition("-")[0]
            if not regions or region in regions:
                found.update({each.name: each for each in scoped.machine_types})
    except (GoogleAPIError, GoogleAuthError) as error:
        raise ProviderError(
            ProviderErrorKind.DENIED, f"compute.machineTypes.aggregatedList: {error}"
        ) from error
    return types_document(found[name] for name in sorted(found))


def types_document(descriptions: Iterable[Any]) -> dict[str, Json]:
    """``compute_v1.MachineType`` values in the format of the catalogue."""
    rows: list[Json] = []
    families: dict[str, Json] = {}
    for each in descriptions:
        if any(not a.guest_accelerator_type.startswith("nvidia-") for a in each.accelerators):
            continue  # a TPU, on which no framework here computes
        family = each.name.partition("-")[0]
        if family not in catalog.families("gcp"):
            families[family] = _unknown_family(each.architecture)
        row: list[Json] = [each.name, each.guest_cpus, each.memory_mb]
        if each.accelerators:
            gpu = each.accelerators[0]
            name = catalog.gpu_name("gcp", gpu.guest_accelerator_type)
            row += [name, gpu.guest_accelerator_count]
        rows.append(row)
    return {"schema": 1, "families": families, "types": {SOURCE: rows}}


def _unknown_family(architecture: str) -> Json:
    """A family that is newer than the catalogue: its microarchitectures are not known."""
    arm = architecture == "ARM64"
    return {
        "architecture": "arm64" if arm else "x86_64",
        "vendors": ["Arm"] if arm else [],
        "microarchitectures": [],
        "quota": None,
    }
