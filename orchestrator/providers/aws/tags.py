"""The tags of an instance, by which it is found and understood without local state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Machine, Offer, Order

RUN = "eqc-run"
PLATFORM = "eqc-platform"
PLATFORM_NAME = "eqc-platform-name"
TOKEN = "eqc-token"  # noqa: S105 - idempotency, no secret
OWNER = "eqc-owner"
EXPIRES = "eqc-expires"
HOST_KEY = "eqc-host-key"
"""The public host key: no secret. ``wait`` reads it, since it has nothing but the instance."""
LONGEST = 256
"""Characters of a tag's value that EC2 accepts."""

Tag = dict[str, str]


def of_order(order: Order) -> list[Tag]:
    """The tags of the instance and its volume, each value cut at ``LONGEST``."""
    values = {
        "Name": named(order.run, order.token),
        RUN: order.run,
        PLATFORM: order.platform.id,
        PLATFORM_NAME: order.platform.name,
        TOKEN: order.token,
        OWNER: order.owner,
        EXPIRES: str(int(order.expires)),
    }
    if order.host_key is not None:
        values[HOST_KEY] = order.host_key.public
    return [{"Key": key, "Value": value[:LONGEST]} for key, value in values.items()]


def of_run(run: str, owner: str, name: str) -> list[Tag]:
    """The tags of a run's key pairs and security groups."""
    values = {"Name": name, RUN: run, OWNER: owner}
    return [{"Key": key, "Value": value[:LONGEST]} for key, value in values.items()]


def named(run: str, rest: str = "") -> str:
    """The name shown in AWS's console: ``eqc-RUN`` or ``eqc-RUN-TOKEN``."""
    return "-".join(filter(None, ("eqc", run, rest)))


def read(resource: Mapping[str, Any]) -> dict[str, str]:
    """The tags in EC2's description of an instance, key pair or group."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in resource.get("Tags", ())}


def machine(instance: Mapping[str, Any], region: str) -> Machine:
    """The machine of EC2's description ``instance``; its platform has only the machine type."""
    tags = read(instance)
    machine_type = str(instance["InstanceType"])
    launched = instance.get("LaunchTime")
    return Machine(
        id=str(instance["InstanceId"]),
        platform=Platform(
            "aws",
            tags.get(PLATFORM_NAME) or tags.get(PLATFORM) or f"aws/{machine_type}",
            (("machine_type", machine_type),),
        ),
        architecture="arm64" if instance.get("Architecture") == "arm64" else "x86_64",
        offer=Offer(
            region=region,
            zone=instance.get("Placement", {}).get("AvailabilityZone"),
            machine_type=machine_type,
            spot=instance.get("InstanceLifecycle") == "spot",
        ),
        run=tags.get(RUN),
        token=tags.get(TOKEN),
        owner=tags.get(OWNER),
        expires=_seconds(tags.get(EXPIRES)),
        launched=None if launched is None else launched.timestamp(),
    )


def _seconds(text: str | None) -> float | None:
    """Unix seconds; ``None`` where the tag is missing or no number."""
    return float(text) if text and text.isdecimal() and text != "0" else None
