"""``doctor`` for AWS: its findings in an account that lacks something, and in a complete one."""

from __future__ import annotations

import json
import time

import pytest

from orchestrator.fakes.aws.server import Ec2
from orchestrator.fakes.faults import Call
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import CloudPlacement, Finding, Level
from orchestrator.providers.aws.ami import Amis
from orchestrator.providers.aws.check import Check
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.provider import AwsProvider

pytestmark = pytest.mark.cloud_fake

STANDARD, STANDARD_SPOT = "L-1216C47A", "L-34B43A08"


def platform(machine_type: str, *, spot: bool = False) -> Platform:
    placement = CloudPlacement(("eu-central-1",), spot=spot)
    return Platform("aws", f"aws/{machine_type}", (("machine_type", machine_type),), placement)


def bad(findings: list[Finding]) -> dict[str, tuple[Level, str]]:
    return {f.subject: (f.level, f.message) for f in findings if f.level is not Level.OK}


def test_all_is_well(ec2: Ec2, provider: AwsProvider) -> None:
    ec2.quotas = {STANDARD: 32.0}
    findings = list(provider.check([platform("m5.large"), platform("c6g.large")]))
    assert bad(findings) == {}
    subjects = {f.subject for f in findings}
    for action in ("RunInstances", "TerminateInstances", "CreateTags", "ImportKeyPair"):
        assert f"aws eu-central-1 permission ec2:{action}" in subjects
    assert {"aws eu-central-1 image for x86_64", "aws eu-central-1 image for arm64"} <= subjects


def test_checking_makes_nothing(ec2: Ec2, provider: AwsProvider) -> None:
    list(provider.check([platform("m5.large")]))
    assert ec2.machines() == ()
    changing = ("Run", "Create", "Import", "Terminate", "Delete", "Authorize", "Revoke")
    for call in ec2.calls:
        if call.operation.startswith(changing):
            assert call.parameters["DryRun"] == "true"


def test_a_missing_permission_is_named(ec2: Ec2, provider: AwsProvider) -> None:
    ec2.rule("RunInstances", "UnauthorizedOperation", 403)
    found = bad(list(provider.check([platform("m5.large")])))
    level, message = found["aws eu-central-1 permission ec2:RunInstances"]
    assert level is Level.ERROR
    assert "policy" in message
    assert "aws eu-central-1 permission ec2:TerminateInstances" not in found


def test_a_permission_that_cannot_be_tested_is_not_called_granted(
    ec2: Ec2, provider: AwsProvider
) -> None:
    ec2.rule("ImportKeyPair", "RequestLimitExceeded", 503)
    found = bad(list(provider.check([platform("m5.large")])))
    assert found["aws eu-central-1 permission ec2:ImportKeyPair"][0] is Level.WARNING


@pytest.mark.parametrize(
    ("limit", "level"), [(1.0, Level.ERROR), (3.0, Level.WARNING), (4.0, Level.OK)]
)
def test_quota_against_the_plan(
    ec2: Ec2, provider: AwsProvider, limit: float, level: Level
) -> None:
    ec2.quotas = {STANDARD: limit}
    two = [platform("m5.large"), platform("c5.large")]  # 2 vCPUs each
    (quota,) = [f for f in provider.check(two) if "quota" in f.subject]
    assert quota.level is level
    assert "wanted at once 4 by 2 machines" in quota.message


def test_spot_has_a_quota_of_its_own(ec2: Ec2, provider: AwsProvider) -> None:
    ec2.quotas = {STANDARD: 100.0, STANDARD_SPOT: 0.0}
    found = bad(list(provider.check([platform("m5.large", spot=True)])))
    ((subject, (level, _)),) = found.items()
    assert STANDARD_SPOT in subject
    assert level is Level.ERROR


def test_a_quota_that_cannot_be_read_is_a_warning(ec2: Ec2, provider: AwsProvider) -> None:
    found = bad(list(provider.check([platform("m5.large")])))
    assert [level for level, _ in found.values()] == [Level.WARNING]


def test_without_credentials_nothing_else_is_reported(ec2: Ec2, provider: AwsProvider) -> None:
    ec2.rule("GetCallerIdentity", "InvalidClientTokenId", 403)
    (finding,) = provider.check([platform("m5.large")])
    assert (finding.subject, finding.level) == ("aws credentials", Level.ERROR)


def test_an_image_that_cannot_be_read(ec2: Ec2) -> None:
    ec2.rule("GetParameter", "AccessDeniedException")
    found = bad(list(AwsProvider().check([platform("m5.large")])))
    assert found["aws eu-central-1 image for x86_64"][0] is Level.ERROR


@pytest.mark.parametrize(
    ("skew", "level"), [(0, Level.OK), (90, Level.WARNING), (-3600, Level.ERROR)]
)
def test_a_clock_that_is_wrong(ec2: Ec2, skew: float, level: Level) -> None:
    clients = Clients()
    check = Check(clients, Amis(clients), lambda _: (), clock=lambda: time.time() + skew)
    (clock,) = [f for f in check.run([]) if f.subject == "aws clock"]
    assert clock.level is level


def test_every_call_of_the_quota_names_ec2(ec2: Ec2, provider: AwsProvider) -> None:
    list(provider.check([platform("m5.large")]))
    calls: list[Call] = ec2.called("GetServiceQuota")
    assert [json.loads(call.body) for call in calls] == [
        {"ServiceCode": "ec2", "QuotaCode": STANDARD}
    ]
