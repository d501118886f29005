"""The catalogue: machine types, prices, CPUs and frameworks as JSON files, and look-ups in them."""

from orchestrator.catalog.emulation import (
    LEVELS,
    Player,
    QemuCpu,
    known_qemu_cpus,
    mask_environment,
    no_mask,
    player,
    qemu_cpu_names,
    qemu_note,
    required_flag,
)
from orchestrator.catalog.framework_folder import OWN, SOURCES, Framework
from orchestrator.catalog.frameworks import frameworks, sources_of
from orchestrator.catalog.lists import PROVIDERS, gpus, list_text, refreshed_folder
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
from orchestrator.catalog.offers import (
    architecture,
    candidates,
    min_cpu_platform,
    offers,
    regions,
)
from orchestrator.catalog.prices import Price, price_document

__all__ = [
    "LEVELS",
    "OWN",
    "PROVIDERS",
    "SOURCES",
    "Framework",
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
    "no_mask",
    "offers",
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
