"""``doctor`` for GCP: its findings in a project that lacks something, and in a complete one."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from orchestrator.fakes.gcp.server import Gce
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import CloudPlacement, Finding, Level
from orchestrator.providers.gcp.check import PERMISSIONS, Check
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.images import Images
from orchestrator.providers.gcp.provider import GcpProvider

pytestmark = pytest.mark.cloud_fake


def platform(machine_type: str, *, spot: bool = False, gpu: str | None = None) -> Platform:
    placement = CloudPlacement(("europe-west4",), spot=spot)
    parameters = (("machine_type", machine_type), *((("gpu", gpu),) if gpu else ()))
    return Platform("gcp", f"gcp/{machine_type}", parameters, placement)


def bad(findings: Sequence[Finding]) -> dict[str, tuple[Level, str]]:
    return {f.subject: (f.level, f.message) for f in findings if f.level is not Level.OK}


def test_all_is_well(gce: Gce, provider: GcpProvider) -> None:
    gce.cloud.quotas = {"N2D_CPUS": (32.0, 4.0), "T2A_CPUS": (8.0, 0.0)}
    findings = provider.check([platform("n2d-standard-2"), platform("t2a-standard-2")])
    assert bad(findings) == {}
    subjects = {f.subject for f in findings}
    assert {f"gcp permission {name}" for name in PERMISSIONS} <= subjects
    assert {"gcp image for x86_64", "gcp image for arm64", "gcp clock"} <= subjects


def test_checking_makes_nothing(gce: Gce, provider: GcpProvider) -> None:
    provider.check([platform("n2d-standard-2")])
    assert gce.machines() == ()
    changing = ("insert", "delete", "update", "patch")
    assert not [call for call in gce.calls if call.method.endswith(changing)]


def test_every_call_of_a_run_needs_a_permission_that_is_looked_for() -> None:
    """Google names a permission by resource and verb."""
    for needed in ("instances.create", "instances.delete", "instances.list", "firewalls.create"):
        assert f"compute.{needed}" in PERMISSIONS


def test_a_missing_permission_is_named(gce: Gce, provider: GcpProvider) -> None:
    gce.cloud.permissions = {*PERMISSIONS} - {"compute.instances.create"}
    gce.cloud.quotas = {"N2D_CPUS": (32.0, 0.0)}
    found = bad(provider.check([platform("n2d-standard-2")]))
    ((subject, (level, message)),) = found.items()
    assert subject == "gcp permission compute.instances.create"
    assert level is Level.ERROR
    assert "role" in message


@pytest.mark.parametrize(
    ("limit", "usage", "level"),
    [(1.0, 0.0, Level.ERROR), (5.0, 2.0, Level.WARNING), (5.0, 1.0, Level.OK)],
)
def test_the_free_part_of_a_quota_is_compared_with_the_plan(
    gce: Gce, provider: GcpProvider, limit: float, usage: float, level: Level
) -> None:
    gce.cloud.quotas = {"N2D_CPUS": (limit, usage)}
    two = [platform("n2d-standard-2"), platform("n2d-highmem-2")]  # 2 vCPUs each
    (quota,) = [f for f in provider.check(two) if "quota" in f.subject]
    assert quota.level is level
    assert "wanted at once 4 by 2 machines" in quota.message


def test_spot_and_gpus_have_quotas_of_their_own(gce: Gce, provider: GcpProvider) -> None:
    gce.cloud.quotas = {"PREEMPTIBLE_CPUS": (8.0, 0.0), "PREEMPTIBLE_NVIDIA_T4_GPUS": (0.0, 0.0)}
    found = bad(provider.check([platform("n1-standard-2", spot=True, gpu="T4")]))
    ((subject, (level, message)),) = found.items()
    assert subject == "gcp europe-west4 quota PREEMPTIBLE_NVIDIA_T4_GPUS"
    assert level is Level.ERROR
    assert "wanted at once 1 by 1" in message


def test_gpus_of_the_type_are_counted_not_its_cores(gce: Gce, provider: GcpProvider) -> None:
    gce.cloud.quotas = {"NVIDIA_A100_GPUS": (2.0, 0.0)}
    findings = provider.check([platform("a2-highgpu-2g", gpu="A100")])
    assert bad(findings) == {}
    assert [f.subject for f in findings if "GPUS" in f.subject] == [
        "gcp europe-west4 quota NVIDIA_A100_GPUS"
    ]


def test_a_quota_that_cannot_be_read_is_a_warning(gce: Gce, provider: GcpProvider) -> None:
    found = bad(provider.check([platform("n2d-standard-2")]))
    assert [level for level, _ in found.values()] == [Level.WARNING]
    gce.rule("regions.get", "forbidden", 403)
    ((_, (level, message)),) = bad(provider.check([platform("n2d-standard-2")])).items()
    assert level is Level.WARNING
    assert "cannot be read" in message


def test_without_credentials_nothing_else_is_reported(gce: Gce, provider: GcpProvider) -> None:
    gce.rule("projects.testIamPermissions", "forbidden", 403)
    (finding,) = provider.check([platform("n2d-standard-2")])
    assert (finding.subject, finding.level) == ("gcp credentials", Level.ERROR)


def test_an_image_that_cannot_be_read(gce: Gce, provider: GcpProvider) -> None:
    gce.rule("images.getFromFamily", "forbidden", 403)
    found = bad(provider.check([platform("n2d-standard-2")]))
    assert found["gcp image for x86_64"][0] is Level.ERROR


def test_a_machine_type_that_does_not_exist(gce: Gce, provider: GcpProvider) -> None:
    found = bad(provider.check([platform("z9-mega-1")]))
    assert found["gcp gcp/z9-mega-1"][0] is Level.ERROR


@pytest.mark.parametrize(
    ("skew", "level"), [(0, Level.OK), (90, Level.WARNING), (-3600, Level.ERROR)]
)
def test_a_clock_that_is_wrong(gce: Gce, clients: Clients, skew: float, level: Level) -> None:
    check = Check(clients, Images(clients), lambda _: (), clock=lambda: time.time() + skew)
    (clock,) = [f for f in check.run([]) if f.subject == "gcp clock"]
    assert clock.level is level
