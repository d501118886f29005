"""What is written on an instance, so that it can be found and understood without our state.

Labels can be searched for and hold little; metadata can hold anything and cannot be searched.
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
"""The public half: it is no secret, and ``wait`` has nothing but the instance to know it from."""
_SAFE = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def safe(text: str) -> str:
    """``text`` where a label, a name or a tag can hold it; else its likeness, with a hash of it."""
    if _SAFE.fullmatch(text):
        return text
    likeness = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:28]
    return "-".join(filter(None, (likeness, content_id(["label", text])[:10])))


def named(run: str, rest: str = "") -> str:
    """``eqc-RUN`` or ``eqc-RUN-TOKEN``: the name of what belongs to a run, at most 63 long."""
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
    """What labels cannot hold, letter by letter."""
    found = {RUN: order.run, OWNER: order.owner, PLATFORM_NAME: order.platform.name}
    if order.host_key is not None:
        found[HOST_KEY] = order.host_key.public
    return found


def metadata(instance: compute_v1.Instance) -> dict[str, str]:
    """The metadata of an instance as Compute Engine describes it."""
    return {item.key: item.value for item in instance.metadata.items}


def machine(instance: compute_v1.Instance) -> Machine:
    """The machine that an instance is, as far as it can be told from its description."""
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
    """Unix seconds of a time as Compute Engine writes it; ``None`` where it says none."""
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
    """Unix seconds; ``None`` where somebody wrote something else into the label."""
    return float(text) if text and text.isdecimal() and text != "0" else None
