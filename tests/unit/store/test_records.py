from __future__ import annotations

from dataclasses import replace

from orchestrator.model.machine import CloudPlacement, SshHost, SshPlacement
from orchestrator.store.records import cell_objects, plan_document
from tests.unit.store.records import cell, plan


def test_where_a_machine_may_be_had_is_not_written() -> None:
    plain = cell()
    for placement in (CloudPlacement(("us-east-1",), spot=True), SshPlacement(SshHost("alpha"))):
        placed = replace(plain, platform=replace(plain.platform, placement=placement))
        assert cell_objects(placed) == cell_objects(plain)
        assert plan_document(plan(placed)) == plan_document(plan(plain))
