"""The one request that costs money: ``RunInstances`` for an order."""

from __future__ import annotations

from typing import Any

from orchestrator.model.machine import Order, Refusal, Refused
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.ami import Ami
from orchestrator.providers.aws.user_data import user_data


def run_instances(order: Order, ami: Ami, group: str, key_name: str, user: str) -> dict[str, Any]:
    """Parameters of boto3's ``run_instances``; all follow from the order and the region."""
    if order.host_key is None or not order.login_key or order.expires <= 0:
        raise Refused(
            Refusal.INVALID,
            f"an order for {order.platform.name} needs a host key, a login key and its end",
        )
    place = order.place
    described = tags.of_order(order)
    request: dict[str, Any] = {
        "ImageId": ami.id,
        "InstanceType": place.machine_type,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": order.token,
        "KeyName": key_name,
        "SecurityGroupIds": [group],
        "UserData": user_data(order.expires, order.host_key, user),
        # The machine's own timer powers it off: with this that ends it, and its volume.
        "InstanceInitiatedShutdownBehavior": "terminate",
        # Version 2 only, and one hop: a container does not reach it.
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        },
        "BlockDeviceMappings": [
            {
                "DeviceName": ami.root_device,
                "Ebs": {
                    "VolumeSize": ami.root_gb,
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                    "Encrypted": True,
                },
            }
        ],
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": described} for kind in ("instance", "volume")
        ],
    }
    if place.zone is not None:
        request["Placement"] = {"AvailabilityZone": place.zone}
    if place.spot:
        request["InstanceMarketOptions"] = {
            "MarketType": "spot",
            "SpotOptions": {
                "SpotInstanceType": "one-time",
                "InstanceInterruptionBehavior": "terminate",
            },
        }
    return request
