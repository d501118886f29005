from __future__ import annotations

from orchestrator.images.remote import ImageDistributor
from orchestrator.model.experiment import Cell, Input, Observe, Platform, Variant, Workload, pairs


def pending(platform: Platform) -> tuple[tuple[Cell, tuple[int, ...]], ...]:
    workload = Workload("builtin", "cifar10-small", "cifar10-small")
    cell = Cell(platform, workload, Input("zero", ()), Variant("numpy"), Observe())
    return ((cell, (0,)),)


def test_without_an_engine_no_machine_is_rented() -> None:
    images = ImageDistributor(None, None, lambda text: None)
    rented = Platform("aws", "aws/c5.large", pairs({"machine_type": "c5.large"}))
    reason = images.prepare(pending(rented))
    assert reason is not None
    assert reason.code == "no-engine"
    assert "start a Docker engine" in reason.message


def test_an_ssh_host_may_run_without_an_image() -> None:
    images = ImageDistributor(None, None, lambda text: None)
    assert images.prepare(pending(Platform("ssh", "ssh/a", pairs({"host": "a"})))) is None
