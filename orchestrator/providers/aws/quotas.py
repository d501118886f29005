"""vCPU quotas against what a plan would like to run at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.model.machine import Finding, Level
from orchestrator.providers.aws.clients import Clients


@dataclass(frozen=True)
class Wanted:
    """One machine of the plan."""

    region: str
    quota: str
    """The code for its terms, on demand or spot."""
    name: str
    vcpus: int


def quotas(clients: Clients, wanted: Iterable[Wanted]) -> Iterator[Finding]:
    """One finding for each region and quota."""
    groups: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for one in wanted:
        groups[one.region, one.quota, one.name].append(one.vcpus)
    for (region, code, name), vcpus in sorted(groups.items()):
        subject = f"aws {region} quota {code} ({name}), vCPUs"
        try:
            reply = clients.reading("service-quotas", region).get_service_quota(
                ServiceCode="ec2", QuotaCode=code
            )
        except (ClientError, BotoCoreError) as error:
            yield Finding(
                subject, Level.WARNING, f"cannot be read, {sum(vcpus)} are wanted: {error}"
            )
            continue
        yield _compared(subject, float(reply["Quota"]["Value"]), vcpus)


def _compared(subject: str, limit: float, vcpus: list[int]) -> Finding:
    said = f"{limit:.0f}, wanted at once {sum(vcpus)} by {len(vcpus)} machines"
    if max(vcpus) > limit:
        level, advice = Level.ERROR, "; ask for more in Service Quotas or take smaller machines"
    elif sum(vcpus) > limit:
        level, advice = Level.WARNING, "; some will wait or go to another region"
    else:
        level, advice = Level.OK, ""
    return Finding(subject, level, said + advice)
