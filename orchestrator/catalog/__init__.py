"""Knowledge as data: JSON files beside this, and functions that look things up in them."""

from orchestrator.catalog.masks import LEVELS, mask_environment, required_flag
from orchestrator.catalog.names import frameworks, gpus, sources_of
from orchestrator.catalog.qemu import QemuCpu, known_qemu_cpus, qemu_cpu_names, qemu_note

__all__ = [
    "LEVELS",
    "QemuCpu",
    "frameworks",
    "gpus",
    "known_qemu_cpus",
    "mask_environment",
    "qemu_cpu_names",
    "qemu_note",
    "required_flag",
    "sources_of",
]
