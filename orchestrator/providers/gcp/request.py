"""The one request that costs money: the instance of an order."""

from __future__ import annotations

import uuid

from google.cloud import compute_v1

from orchestrator import catalog
from orchestrator.model.machine import Order, Refusal, Refused
from orchestrator.model.experiment import Platform
from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.images import Image
from orchestrator.providers.gcp.user_data import user_data

NETWORK = "global/networks/default"
LEAST_SECONDS = 60
MOST_SECONDS = 7 * 24 * 3600
"""Whatever a wrong clock says, the machine ends after this."""
_SPACE = uuid.UUID("8a1d34c7-5d0e-4c0b-9a6a-6c1f5b7f0e21")
_HYPERDISK_ONLY = ("a4", "c4", "c4a", "c4d", "h4d", "n4", "n4a", "n4d", "x4")
"""Families that take no other kind of disk."""


def request_id(token: str) -> str:
    """The UUID by which Compute Engine knows that an order was given before."""
    return str(uuid.uuid5(_SPACE, token))


def name_of(order: Order) -> str:
    """The instance's name, unique in its zone: ``eqc-RUN-TOKEN``, at most 63 characters."""
    return labels.named(order.run, order.token)


def gpu_of(platform: Platform, machine_type: str) -> bool:
    """Whether a machine of this type and for this platform has a GPU."""
    return platform.get("gpu") is not None or _facts(machine_type).gpus > 0


def instance_of(order: Order, image: Image, user: str, now: float) -> compute_v1.Instance:
    """The instance that an order in a zone asks for. Raises ``Refused``."""
    place = order.place
    machine_type = str(place.machine_type)
    in_zone = f"zones/{place.zone}"
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
        # No service account: who breaks into the machine finds no credentials of ours in it.
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
        raise Refused(
            Refusal.INVALID,
            f"an order for {order.platform.name} needs a host key, a login key and its end",
        )
    gpu = gpu_of(order.platform, str(order.place.machine_type))
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
        provisioning_model="SPOT" if order.place.spot else "STANDARD",
        instance_termination_action="DELETE",
        max_run_duration=compute_v1.Duration(seconds=left),
        # Never moved to another host while it computes, nor started again on one.
        on_host_maintenance="TERMINATE",
        automatic_restart=False,
    )


def _attached(
    platform: Platform, machine_type: str, in_zone: str
) -> list[compute_v1.AcceleratorConfig]:
    gpu = platform.get("gpu")
    if gpu is None or _facts(machine_type).gpus:
        return []
    how = catalog.attachable(str(gpu))
    if how is None:
        raise Refused(Refusal.INVALID, f"no {gpu} can be attached to {machine_type}")
    link = f"{in_zone}/acceleratorTypes/{how['accelerator']}"
    return [compute_v1.AcceleratorConfig(accelerator_type=link, accelerator_count=1)]


def _facts(machine_type: str) -> catalog.MachineType:
    return catalog.machine_type("gcp", machine_type)
