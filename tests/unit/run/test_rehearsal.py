from __future__ import annotations

import pytest

from orchestrator import catalog
from orchestrator.model.experiment import (
    Cell,
    Experiment,
    Input,
    Limits,
    Observe,
    Plan,
    Platform,
    Scalar,
    Variant,
    Workload,
    pairs,
)
from orchestrator.run.rehearsal import notes, rehearsed


def plan(platform: Platform, variant: Variant | None = None) -> Plan:
    workload = Workload("builtin", "cifar10-small", "cifar10-small")
    observe = Observe()
    experiment = Experiment("sweep", (), (), (platform,), (), (), (), observe, observe, Limits())
    cell = Cell(platform, workload, Input("zero", ()), variant or Variant("numpy"), observe)
    return Plan(experiment, (cell,))


def cloud(provider: str, machine_type: str, **more: Scalar) -> Platform:
    name = f"{provider}/{machine_type}"
    return Platform(provider, name, pairs({"machine_type": machine_type, **more}))


@pytest.mark.parametrize(
    ("platform", "cpu", "arch", "vcpus"),
    [
        (cloud("aws", "c4.large"), "Haswell", "x86_64", 2),
        (cloud("aws", "c5a.xlarge"), "EPYC-Rome", "x86_64", 4),
        (cloud("aws", "c6g.large"), "neoverse-n1", "arm64", 2),
        (cloud("gcp", "n2d-standard-2", microarchitecture="Zen 3"), "EPYC-Milan", "x86_64", 2),
    ],
)
def test_a_machine_is_emulated_with_the_cpu_nearest_to_its_own(
    platform: Platform, cpu: str, arch: str, vcpus: int
) -> None:
    played = rehearsed(plan(platform))
    (cell,) = played.cells
    assert played.experiment.name == "sweep-rehearsal"
    assert cell.platform.provider == "rehearsal"
    assert cell.platform.name == f"rehearsal/{platform.name}"
    assert (cell.platform.get("cpu"), cell.platform.get("arch")) == (cpu, arch)
    assert cell.variant.threads == vcpus
    assert cell.id != plan(platform).cells[0].id, "no row of it may stand for the real machine"


def test_requested_threads_are_kept_and_a_gpu_becomes_a_cpu() -> None:
    variant = Variant("numpy", threads=16, device="gpu")
    (cell,) = rehearsed(plan(cloud("aws", "c4.large"), variant)).cells
    assert (cell.variant.threads, cell.variant.device) == (16, "cpu")


def test_a_local_platform_is_not_replaced() -> None:
    local = plan(Platform("local", "local"))
    assert rehearsed(local).cells == local.cells


def test_a_rented_rehearsal_keeps_its_provider_and_offers() -> None:
    platform = cloud("aws", "c4.large")
    (cell,) = rehearsed(plan(platform), rented=True).cells
    assert cell.platform.provider == "aws"
    assert cell.platform.id != platform.id
    assert catalog.offers(cell.platform) == catalog.offers(platform)


def test_instructions_that_the_emulated_cpu_lacks_are_noted() -> None:
    (note,) = notes(rehearsed(plan(cloud("aws", "m5.large"))))
    assert note == "rehearsal/aws/m5.large is played by Skylake-Server, without AVX-512"
    assert notes(rehearsed(plan(cloud("aws", "c4.large")))) == ()


def test_every_emulated_cpu_is_one_that_qemu_has() -> None:
    for architecture in ("x86_64", "arm64"):
        known = catalog.qemu_cpu_names(architecture)
        for provider in ("aws", "gcp"):
            for kind in catalog.machine_types(provider).values():
                if kind.architecture == architecture:
                    assert catalog.player(kind.microarchitectures, architecture).cpu in known
