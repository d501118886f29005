"""`eqc rehearse`: a sweep with docker compose, and its compose file used by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestrator.executors.compose import compose_command
from orchestrator.executors.container import leftovers
from orchestrator.images import connect
from orchestrator.store.read import read
from tests.e2e.running import SMALL, eqc, written

pytestmark = [pytest.mark.docker, pytest.mark.emulated]

SWEEP = SMALL.replace(
    "  - provider: mask\n    levels: [sse4, avx]",
    "  - provider: aws\n    machine_types: [c4.large, c5a.large]",
).replace("  threads: [1, 2]", "  threads: [1]")


def test_every_planned_machine_is_a_service_of_docker_compose(tmp_path: Path) -> None:
    done = eqc("rehearse", written(tmp_path, SWEEP), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Note: 4 sessions are a rehearsal on simulated machines" in done.stdout
    (run,) = (tmp_path / "results" / "small-rehearsal").iterdir()
    services = yaml.safe_load((run / "compose.yaml").read_text())["services"]
    assert len(services) == 3
    for service in services.values():
        assert service["network_mode"] == "none"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    records = read(tmp_path / "results").records
    assert {r.status for r in records} == {"ok"}
    players = {r.platform.name: (r.machine.rehearsal, r.machine.emulated) for r in records}
    assert players == {
        "local": (False, None),
        "rehearsal/aws/c4.large": (True, "Haswell"),
        "rehearsal/aws/c5a.large": (True, "EPYC-Rome"),
    }
    client = connect()
    assert [c for c in leftovers(client) if str(tmp_path) in str(c.labels)] == []
    client.close()


def test_it_is_docker_compose_itself() -> None:
    assert compose_command()[-1].endswith("compose")
