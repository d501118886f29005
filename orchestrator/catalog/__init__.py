"""Knowledge as data: JSON files beside this, and functions that look things up in them."""

from orchestrator.catalog.lists import PROVIDERS, list_text, refreshed_folder
from orchestrator.catalog.machine_types import (
    MachineType,
    Quota,
    attachable,
    cpu_platforms,
    families,
    gpu_name,
    machine_type,
    machine_types,
    quota_of,
    select,
)
from orchestrator.catalog.emulation import LEVELS, mask_environment, required_flag
from orchestrator.catalog.names import frameworks, gpus, sources_of
from orchestrator.catalog.places import (
    architecture,
    candidates,
    min_cpu_platform,
    places,
    regions,
)
from orchestrator.catalog.prices import Price, price_document
from orchestrator.catalog.qemu import QemuCpu, known_qemu_cpus, qemu_cpu_names, qemu_note
from orchestrator.catalog.rehearsal import Player, player

__all__ = [
    "LEVELS",
    "PROVIDERS",
    "MachineType",
    "Player",
    "Price",
    "QemuCpu",
    "Quota",
    "architecture",
    "attachable",
    "candidates",
    "cpu_platforms",
    "families",
    "frameworks",
    "gpu_name",
    "gpus",
    "known_qemu_cpus",
    "list_text",
    "machine_type",
    "machine_types",
    "mask_environment",
    "min_cpu_platform",
    "places",
    "player",
    "price_document",
    "qemu_cpu_names",
    "qemu_note",
    "quota_of",
    "refreshed_folder",
    "regions",
    "required_flag",
    "select",
    "sources_of",
]
