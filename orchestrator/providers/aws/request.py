"""The request that costs money, ``RunInstances``, and what the instance does at boot.

All parameters follow from the order, so that the same order again is the same request.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from orchestrator.model.machine import HostKey, Order, ProviderError, ProviderErrorKind
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.ami import Ami


def run_instances(order: Order, ami: Ami, group: str, key_name: str, user: str) -> dict[str, Any]:
    """Parameters of boto3's ``run_instances``. Raises ``ProviderError`` for an incomplete order."""
    if order.host_key is None or not order.login_key or order.expires <= 0:
        raise ProviderError(
            ProviderErrorKind.INVALID,
            f"an order for {order.platform.name} needs a host key, a login key and its end",
        )
    offer = order.offer
    described = tags.of_order(order)
    request: dict[str, Any] = {
        "ImageId": ami.id,
        "InstanceType": offer.machine_type,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": order.token,
        "KeyName": key_name,
        "SecurityGroupIds": [group],
        "UserData": user_data(order.expires, order.host_key, user),
        # The machine's own timer powers it off; this setting makes that end it with its volume.
        "InstanceInitiatedShutdownBehavior": "terminate",
        # Metadata version 2 only, and one hop: so containers cannot read it.
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
    if offer.zone is not None:
        request["Placement"] = {"AvailabilityZone": offer.zone}
    if offer.spot:
        request["InstanceMarketOptions"] = {
            "MarketType": "spot",
            "SpotOptions": {
                "SpotInstanceType": "one-time",
                "InstanceInterruptionBehavior": "terminate",
            },
        }
    return request


LIMIT = 16 * 1024
"""Bytes of user data that EC2 accepts, before base64."""
LEAST_SECONDS = 60
MOST_SECONDS = 7 * 24 * 3600
"""Bounds of the machine's lifetime, in case a clock is wrong."""

# `shutdown +N` cannot be used: logind is not up yet, and without it that shuts down at once.
# --no-block, because at this stage of the boot a job may wait for a target that itself waits for
# cloud-init.
_TIMER = """\
left=$(( {expires} - $(date +%s) ))
[ "$left" -ge {least} ] || left={least}
[ "$left" -le {most} ] || left={most}
if ! systemd-run --no-block --unit=eqc-end --on-active="$left" systemctl poweroff --force; then
  ( sleep "$left"; poweroff -f ) >/dev/null 2>&1 &
fi
"""
_DOCKER = """\
if ! command -v docker >/dev/null; then
  if command -v dnf >/dev/null; then dnf -y install docker
  else apt-get update && apt-get -y install docker.io
  fi
fi
usermod -aG docker {user}
systemctl enable --now docker
"""


def user_data(expires: float, host_key: HostKey, user: str) -> str:
    """Cloud-config for a machine that ends at ``expires`` (Unix seconds).

    Contains one secret, the host key, which is worthless once the machine has ended. Raises
    ``ProviderError`` where it is longer than ``LIMIT``.
    """
    config = {
        # Run first, and at every boot, since a reboot loses the timer.
        "bootcmd": [
            [
                "sh",
                "-c",
                _TIMER.format(expires=int(expires), least=LEAST_SECONDS, most=MOST_SECONDS),
            ],
            # Without its role the agent of ECS fails again and again, which takes CPU time.
            ["sh", "-c", "systemctl mask ecs.service || true"],
        ],
        # Written before sshd starts for the first time.
        "ssh_deletekeys": True,
        "ssh_keys": {
            "ed25519_private": host_key.private,
            "ed25519_public": host_key.public,
        },
        # No automatic upgrade: two machines of one platform boot the same software.
        "repo_upgrade": "none",
        "package_upgrade": False,
        "runcmd": [["sh", "-c", _DOCKER.format(user=shlex.quote(user))]],
    }
    text = "#cloud-config\n" + json.dumps(config, indent=1) + "\n"  # JSON is YAML
    if len(text.encode()) > LIMIT:
        raise ProviderError(ProviderErrorKind.INVALID, f"user data is over EC2's {LIMIT} bytes")
    return text
