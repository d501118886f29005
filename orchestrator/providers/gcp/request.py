"""The request that costs money, an order's instance, and what that does at boot.

The instance needs no timer of its own: Compute Engine deletes it (``maxRunDuration``).
"""

from __future__ import annotations

import json
import shlex
import uuid

from google.cloud import compute_v1

from orchestrator import catalog
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import HostKey, Order, ProviderError, ProviderErrorKind
from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.images import Image

NETWORK = "global/networks/default"
LEAST_SECONDS = 60
MOST_SECONDS = 7 * 24 * 3600
"""Bounds of the machine's lifetime, in case a clock is wrong."""
_SPACE = uuid.UUID("8a1d34c7-5d0e-4c0b-9a6a-6c1f5b7f0e21")
_HYPERDISK_ONLY = ("a4", "c4", "c4a", "c4d", "h4d", "n4", "n4a", "n4d", "x4")
"""Families that support no other kind of disk."""


def request_id(token: str) -> str:
    """The UUID of an order, by which Compute Engine recognises a repeated request."""
    return str(uuid.uuid5(_SPACE, token))


def name_of(order: Order) -> str:
    """The instance's name, unique in its zone: ``eqc-RUN-TOKEN``, at most 63 characters."""
    return labels.named(order.run, order.token)


def gpu_of(platform: Platform, machine_type: str) -> bool:
    """Whether a machine of this type and for this platform has a GPU."""
    return platform.get("gpu") is not None or _facts(machine_type).gpus > 0


def instance_of(order: Order, image: Image, user: str, now: float) -> compute_v1.Instance:
    """The instance for an order in a zone. ``now``: Unix seconds. Raises ``ProviderError``."""
    offer = order.offer
    machine_type = str(offer.machine_type)
    in_zone = f"zones/{offer.zone}"
    family = machine_type.partition("-")[0]
    return compute_v1.Instance(
        name=name_of(order),
        description=f"eqc run {order.run}",
        machine_type=f"{in_zone}/machineTypes/{machine_type}",
        min_cpu_platform=catalog.min_cpu_platform(order.platform, machine_type),
        guest_accelerators=_attached(order.platform, machine_type, in_zone),
        labels=labels.of_order(order),
        metadata=compute_v1.Metadata(items=_items(order, user)),
        tags=compute_v1.Tags(items=[labels.named(order.run)]),
        scheduling=_scheduling(order, now),
        # No service account: so there are no credentials of ours on the machine.
        service_accounts=[],
        disks=[
            compute_v1.AttachedDisk(
                boot=True,
                auto_delete=True,
                initialize_params=compute_v1.AttachedDiskInitializeParams(
                    source_image=image.link,
                    disk_size_gb=image.disk_gb,
                    disk_type=f"{in_zone}/diskTypes/"
                    + ("hyperdisk-balanced" if family in _HYPERDISK_ONLY else "pd-balanced"),
                    labels=labels.of_order(order),
                ),
            )
        ],
        network_interfaces=[
            compute_v1.NetworkInterface(
                network=NETWORK,
                access_configs=[
                    compute_v1.AccessConfig(name="External NAT", type_="ONE_TO_ONE_NAT")
                ],
            )
        ],
    )


def _items(order: Order, user: str) -> list[compute_v1.Items]:
    if order.host_key is None or not order.login_key or order.expires <= 0:
        raise ProviderError(
            ProviderErrorKind.INVALID,
            f"an order for {order.platform.name} needs a host key, a login key and its end",
        )
    gpu = gpu_of(order.platform, str(order.offer.machine_type))
    items = {
        **labels.metadata_of(order),
        "ssh-keys": f"{user}:{order.login_key} {user}",
        "block-project-ssh-keys": "TRUE",
        "enable-oslogin": "FALSE",
        "user-data": user_data(order.host_key, user, gpu=gpu),
    }
    return [compute_v1.Items(key=key, value=value) for key, value in items.items()]


def _scheduling(order: Order, now: float) -> compute_v1.Scheduling:
    left = min(max(int(order.expires - now), LEAST_SECONDS), MOST_SECONDS)
    return compute_v1.Scheduling(
        provisioning_model="SPOT" if order.offer.spot else "STANDARD",
        instance_termination_action="DELETE",
        max_run_duration=compute_v1.Duration(seconds=left),
        # Never moved to or restarted on another host, which may have another CPU.
        on_host_maintenance="TERMINATE",
        automatic_restart=False,
    )


def _attached(
    platform: Platform, machine_type: str, in_zone: str
) -> list[compute_v1.AcceleratorConfig]:
    gpu = platform.get("gpu")
    if gpu is None or _facts(machine_type).gpus:
        return []
    how = catalog.attachable("gcp", str(gpu))
    if how is None:
        raise ProviderError(
            ProviderErrorKind.INVALID, f"no {gpu} can be attached to {machine_type}"
        )
    link = f"{in_zone}/acceleratorTypes/{how['accelerator']}"
    return [compute_v1.AcceleratorConfig(accelerator_type=link, accelerator_count=1)]


def _facts(machine_type: str) -> catalog.MachineType:
    return catalog.machine_type("gcp", machine_type)


# Google's guest agent replaces the host keys in /etc/ssh at the first boot. So ours is in another
# folder, and sshd's configuration names no other. bootcmd runs before sshd starts; in case it does
# not, sshd is restarted, and until then our client refuses the unknown key.
_HOST_KEY = """\
umask 077
mkdir -p /run/eqc
printf %s {private} > /run/eqc/ssh_host_ed25519_key
grep -v '^[[:space:]]*HostKey[[:space:]]' /etc/ssh/sshd_config > /run/eqc/sshd_config
{{ echo 'HostKey /run/eqc/ssh_host_ed25519_key'; cat /run/eqc/sshd_config; }} > /etc/ssh/sshd_config
systemctl --no-block try-restart sshd.service
"""
_DOCKER = """\
systemctl start docker
"""
_NVIDIA = """\
if ! command -v docker > /dev/null; then apt-get update && apt-get -y install docker.io; fi
if ! command -v nvidia-ctk > /dev/null; then
  list=https://nvidia.github.io/libnvidia-container
  key=/usr/share/keyrings/nvidia-container-toolkit.gpg
  curl -fsSL $list/gpgkey | gpg --dearmor -o $key
  echo "deb [signed-by=$key] $list/stable/deb/amd64 /" > /etc/apt/sources.list.d/nvidia.list
  apt-get update && apt-get -y install nvidia-container-toolkit
fi
nvidia-ctk runtime configure --runtime=docker
usermod -aG docker {user}
systemctl restart docker
"""


def user_data(host_key: HostKey, user: str, *, gpu: bool) -> str:
    """Cloud-config, with only what Container-Optimized OS supports, too.

    Contains one secret, the host key, which is worthless once the machine has ended. The part for
    GPUs, which is for Debian and Ubuntu with a driver, was never run.
    """
    docker = _NVIDIA.format(user=shlex.quote(user)) if gpu else _DOCKER
    config = {
        "bootcmd": [["sh", "-ec", _HOST_KEY.format(private=shlex.quote(host_key.private))]],
        # No automatic upgrade: two machines of one platform boot the same software.
        "package_upgrade": False,
        "runcmd": [["sh", "-ec", docker]],
    }
    return "#cloud-config\n" + json.dumps(config, indent=1) + "\n"  # JSON is YAML
