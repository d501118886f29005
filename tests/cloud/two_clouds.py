"""Fakes of EC2 and Compute Engine together, for several owners, with each owner's calls and things.

Machine types with this computer's hardware are added to the catalogue, as `eqc catalog refresh`
would: so the fakes' containers are the hardware that was asked for, and nothing is emulated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from orchestrator.fakes.aws import server as ec2
from orchestrator.fakes.aws.server import Ec2
from orchestrator.fakes.gcp import server as gce
from orchestrator.fakes.gcp.server import Gce

AWS_TYPES = ("m1.large", "c1.medium")
"""Types of families whose processors the catalogue does not state, so any x86-64 is accepted."""
GCP_TYPES = ("here-standard-1",)


def as_this_computer(cache: Path) -> None:
    """Write these types, with this computer's size, to the catalogue in the folder ``cache``."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    memory = next(line for line in lines if "MemTotal" in line)
    mebibytes = int(memory.split()[1]) / 1024
    here = {"architecture": "x86_64", "vendors": [], "microarchitectures": [], "quota": None}
    folder = cache / "eqc-orchestrator" / "catalog"
    folder.mkdir(parents=True, exist_ok=True)
    for provider, names, families in (("aws", AWS_TYPES, {}), ("gcp", GCP_TYPES, {"here": here})):
        types = [[name, os.cpu_count(), mebibytes] for name in names]
        document = {"schema": 1, "families": families, "types": {"this computer": types}}
        (folder / f"{provider}_machine_types.json").write_text(json.dumps(document))


def keys_and_groups(cloud: Ec2, filters: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Names of key pairs and security groups in all regions, without the default groups."""
    found = []
    for region in cloud.regions:
        client = boto3.client(
            "ec2",
            endpoint_url=cloud.url,
            region_name=region,
            aws_access_key_id="looker",
            aws_secret_access_key="looker",
        )
        pairs = client.describe_key_pairs(Filters=filters)["KeyPairs"]
        groups = client.describe_security_groups(Filters=filters)["SecurityGroups"]
        found += [pair["KeyName"] for pair in pairs]
        found += [g["GroupName"] for g in groups if g["GroupName"] != "default"]
        client.close()
    return found


@dataclass(frozen=True)
class Clouds:
    """Both fakes. The owner of a call is known by AWS's access key id and Google's labels."""

    ec2: Ec2
    gce: Gce
    cache: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.ec2.environment,
            **self.gce.environment,
            "XDG_CACHE_HOME": str(self.cache),
        }

    def owned_by(self, owner: str) -> dict[str, str]:
        """The environment of a process that works for ``owner``."""
        return {**self.environment, "AWS_ACCESS_KEY_ID": owner, "EQC_OWNER": owner}

    def orders(self, owner: str) -> int:
        """The number of calls that ordered a machine."""
        return len(self._aws_calls("RunInstances", owner)) + len(self._inserted(owner))

    def ends(self, owner: str) -> int:
        """The number of calls that ended a machine."""
        ours = {body["name"] for body in self._inserted(owner)}
        deleted = [c for c in self.gce.called("instances.delete") if c.path["name"] in ours]
        return len(self._aws_calls("TerminateInstances", owner)) + len(deleted)

    def tidied(self, owner: str) -> int:
        """The number of calls that removed a key pair or a firewall rule."""
        mine = f" of {owner}: "
        rules = [json.loads(call.body) for call in self.gce.called("firewalls.insert")]
        ours = {rule["name"] for rule in rules if mine in rule["description"]}
        deleted = [c for c in self.gce.called("firewalls.delete") if c.path["name"] in ours]
        return len(self._aws_calls("DeleteKeyPair", owner)) + len(deleted)

    def tokens(self, owner: str) -> set[str]:
        """The tokens of all orders that made a machine."""
        on_aws = {self.ec2.instances[i].parameters["ClientToken"] for i in self._on_aws(owner)}
        return on_aws | {body["labels"]["eqc-token"] for body in self._inserted(owner)}

    def left(self, owner: str) -> list[str]:
        """What the two clouds still have: machines, key pairs, groups, firewall rules."""
        made = {*self._on_aws(owner), *(body["name"] for body in self._inserted(owner))}
        found = [i for i in (*self.ec2.machines(), *self.gce.machines()) if i in made]
        found += keys_and_groups(self.ec2, [{"Name": "tag:eqc-owner", "Values": [owner]}])
        rules = self.gce.cloud.firewalls()
        return found + [n for n, r in rules.items() if f" of {owner}: " in r["description"]]

    def _aws_calls(self, operation: str, owner: str) -> list[Any]:
        mine = f"Credential={owner}/"
        calls = self.ec2.called(operation)
        return [call for call in calls if mine in call.headers.get("Authorization", "")]

    def _on_aws(self, owner: str) -> list[str]:
        known = list(self.ec2.instances.values())
        return [each.id for each in known if owner in each.parameters.values()]

    def _inserted(self, owner: str) -> list[Mapping[str, Any]]:
        bodies = [json.loads(call.body) for call in self.gce.called("instances.insert")]
        return [body for body in bodies if body["labels"]["eqc-owner"] == owner]


@contextmanager
def serving(cache: Path) -> Iterator[Clouds]:
    """Both fakes, with containers as machines; they know the types of ``as_this_computer``."""
    as_this_computer(cache)
    with (
        pytest.MonkeyPatch.context() as here,
        ec2.serving(containers=True) as amazon,
        gce.serving(containers=True) as google,
    ):
        here.setenv("XDG_CACHE_HOME", str(cache))
        yield Clouds(amazon, google, cache)
