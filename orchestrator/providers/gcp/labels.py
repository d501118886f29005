"""Labels and metadata of an instance, by which it is found and understood without local state.

Instances can be searched by labels, which allow few characters; metadata allows any text, but
cannot be searched.
"""

from __future__ import annotations

import datetime as dt
import re

from google.cloud import compute_v1

from orchestrator import catalog
from orchestrator.model.experiment import Platform, content_id
from orchestrator.model.machine import Machine, Offer, Order

RUN = "eqc-run"
PLATFORM = "eqc-platform"
TOKEN = "eqc-token"  # noqa: S105 - idempotency, no secret
EXPIRES = "eqc-expires"
OWNER = "eqc-owner"
PLATFORM_NAME = "eqc-platform-name"
HOST_KEY = "eqc-host-key"
"""The public host key: no secret. ``wait`` reads it, since it has nothing but the instance."""
_SAFE = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def safe(text: str) -> str:
    """``text`` if it is valid as label, name and tag; else a similar text with a hash of it."""
    if _SAFE.fullmatch(text):
        return text
    likeness = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:28]
    return "-".join(filter(None, (likeness, content_id(["label", text])[:10])))


def named(run: str, rest: str = "") -> str:
    """The name of a run's resource, ``eqc-RUN`` or ``eqc-RUN-TOKEN``: at most 63 characters."""
    return "-".join(filter(None, ("eqc", safe(run), rest)))


def of_order(order: Order) -> dict[str, str]:
    """The labels of the instance and its disk."""
    return {
        RUN: safe(order.run),
        PLATFORM: safe(order.platform.id),
        TOKEN: order.token,
        OWNER: safe(order.owner) if order.owner else "",
        EXPIRES: str(int(order.expires)),
    }


def metadata_of(order: Order) -> dict[str, str]:
    """The metadata with the texts that labels cannot hold unchanged."""
    found = {RUN: order.run, OWNER: order.owner, PLATFORM_NAME: order.platform.name}
    if order.host_key is not None:
        found[HOST_KEY] = order.host_key.public
    return found


def metadata(instance: compute_v1.Instance) -> dict[str, str]:
    """The metadata in Compute Engine's description of an instance."""
    return {item.key: item.value for item in instance.metadata.items}


def machine(instance: compute_v1.Instance) -> Machine:
    """The machine of Compute Engine's description; its platform has only the machine type."""
    labels, said = dict(instance.labels), metadata(instance)
    machine_type, zone = _last(instance.machine_type), _last(instance.zone)
    name = said.get(PLATFORM_NAME) or labels.get(PLATFORM) or f"gcp/{machine_type}"
    return Machine(
        id=instance.name,
        platform=Platform("gcp", name, (("machine_type", machine_type),)),
        architecture=_architecture(machine_type),
        offer=Offer(
            region=zone.rpartition("-")[0] or None,
            zone=zone,
            machine_type=machine_type,
            spot=instance.scheduling.provisioning_model == "SPOT",
        ),
        run=said.get(RUN) or labels.get(RUN),
        token=labels.get(TOKEN),
        owner=said.get(OWNER) or labels.get(OWNER),
        expires=_seconds(labels.get(EXPIRES)),
        launched=when(instance.creation_timestamp),
    )


def when(text: str) -> float | None:
    """Unix seconds of a time in Compute Engine's format; ``None`` where it is none."""
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _architecture(machine_type: str) -> str:
    about = catalog.families("gcp").get(machine_type.partition("-")[0], {})
    return str(about.get("architecture", "x86_64"))


def _last(link: str) -> str:
    return link.rpartition("/")[2]


def _seconds(text: str | None) -> float | None:
    """Unix seconds; ``None`` where the label is missing or no number."""
    return float(text) if text and text.isdecimal() and text != "0" else None
