"""JSON of a fingerprint → typed values, as ``parse`` does it for records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.model.experiment import Json
from orchestrator.results.fingerprint import (
    Cache,
    Cgroup,
    Cpu,
    Disagreement,
    Fingerprint,
    Gpu,
    PresentedCpu,
    Silicon,
    Software,
    Xcr0,
)
from orchestrator.store.parse import as_object, same_names


def parse_fingerprint(document: Json) -> Fingerprint:
    """What a machine says it is."""
    known = as_object(document)
    affinity, gpus, environment = (known.get(key) for key in ("affinity", "gpus", "environment"))
    units = known.get("approximation")
    return Fingerprint(
        emulated=known.get("emulated"),
        presented=_presented(known.get("presented")),
        cpu=_cpu(known.get("cpu")),
        approximation=units if isinstance(units, dict) else None,
        logical_cpus=known.get("logical_cpus"),
        affinity=tuple(affinity) if isinstance(affinity, list) else None,
        cgroup=same_names(Cgroup, known.get("cgroup")),
        memory_bytes=known.get("memory_bytes"),
        gpus=tuple(map(_gpu, gpus)) if isinstance(gpus, list) else None,
        system=same_names(Software, known.get("system")),
        environment=environment if isinstance(environment, dict) else None,
        missing=as_object(known.get("missing")),
    )


def _cpu(value: Json) -> Cpu:
    known = as_object(value)
    differing = as_object(known.get("disagreement"))
    caches = known.get("caches")
    return replace(
        same_names(Cpu, value),
        flags=_texts(known.get("flags")),
        flags_kernel=_texts(known.get("flags_kernel")),
        disagreement=Disagreement(
            _texts(differing.get("only_cpuid")) or (), _texts(differing.get("only_kernel")) or ()
        ),
        caches=tuple(same_names(Cache, cache) for cache in caches)
        if isinstance(caches, list)
        else None,
        xcr0=same_names(Xcr0, known.get("xcr0")),
    )


def _presented(value: Json) -> PresentedCpu | None:
    if not isinstance(value, dict):
        return None
    host = same_names(Silicon, value.get("host"))
    flags = _texts(as_object(value.get("host")).get("flags"))
    return replace(same_names(PresentedCpu, value), host=replace(host, flags=flags))


def _gpu(value: Json) -> Gpu:
    gpu = same_names(Gpu, value)
    capability: Any = gpu.compute_capability
    if capability is None:
        return gpu
    numbers = capability if isinstance(capability, list) else [capability]
    return replace(gpu, compute_capability=".".join(map(str, numbers)))


def _texts(value: Json) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) else None  # type: ignore[arg-type]
