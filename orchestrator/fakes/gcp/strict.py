"""Which requests Compute Engine accepts: parsed by the SDK's own types, then checked.

The rules are from Google's documentation; none was compared with Compute Engine itself.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from google.cloud import compute_v1
from google.protobuf.json_format import ParseError

from orchestrator import catalog

ARM = ("c4a", "t2a")
HYPERDISK = ("a4", "c4", "c4a", "c4d", "n4")
LACKING = frozenset({("us-central1-c", "t2a"), ("us-central1-f", "a2"), ("us-east1-b", "n2d")})
"""(zone, family) that do not exist; every other zone has every family."""
IMAGES = {
    ("cos-cloud", "cos-stable"): ("cos-stable-121-18867-90-4", "X86_64", 10),
    ("cos-cloud", "cos-arm64-stable"): ("cos-arm64-stable-121-18867-90-4", "ARM64", 10),
    ("deeplearning-platform-release", "common-cu128-ubuntu-2204-nvidia-570"): (
        "common-cu128-ubuntu-2204-nvidia-570-v20260201",
        "X86_64",
        50,
    ),
}
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z][-_a-z0-9]{0,62}")
_VALUE = re.compile(r"[-_a-z0-9]{0,63}")
_KEY = re.compile(r"[-_a-zA-Z0-9]{1,127}")


class Wrong(Exception):  # noqa: N818 - a reply, not a bug
    """A refused call: HTTP status, and the reason in Google's words."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason = status, reason


def instance(body: bytes, zone: str) -> dict[str, Any]:
    """A valid instance as JSON. Raises ``Wrong``."""
    found = _parsed(compute_v1.Instance, body)
    _name(found.name)
    _labels(found.labels)
    machine_type = _in_zone(found.machine_type, zone, "machineTypes")
    family = machine_type.partition("-")[0]
    if machine_type not in catalog.machine_types("gcp") or (zone, family) in LACKING:
        _invalid(
            "machineType",
            f"Machine type with name '{machine_type}' does not exist in zone '{zone}'.",
        )
    _disks(found.disks, zone, family)
    _scheduling(found)
    _metadata(found.metadata.items)
    for tag in found.tags.items:
        _name(tag)
    if found.min_cpu_platform:
        about = catalog.families("gcp").get(family, {})
        if found.min_cpu_platform not in about.get("cpu_platforms", ()):
            _invalid("minCpuPlatform", f"CPU platform is not available: {found.min_cpu_platform}")
    for attached in found.guest_accelerators:
        kind = _in_zone(attached.accelerator_type, zone, "acceleratorTypes")
        if family != "n1" or not kind.startswith("nvidia-tesla-") or not attached.accelerator_count:
            _invalid("guestAccelerators", f"{kind} cannot be attached to {machine_type}")
    if len(found.network_interfaces) != 1:
        _invalid("networkInterfaces", "At least one network interface is required.")
    (interface,) = found.network_interfaces
    if interface.network != "global/networks/default":
        raise Wrong(404, "notFound", f"The resource '{interface.network}' was not found")
    if any(c.type_ != "ONE_TO_ONE_NAT" or c.nat_i_p for c in interface.access_configs):
        _invalid("accessConfigs", "only ephemeral ONE_TO_ONE_NAT is known here")
    said: dict[str, Any] = json.loads(body)
    return said


def firewall(body: bytes) -> dict[str, Any]:
    """A valid rule as JSON. Raises ``Wrong``."""
    found = _parsed(compute_v1.Firewall, body)
    _name(found.name)
    for tag in found.target_tags:
        _name(tag)
    if bool(found.allowed) == bool(found.denied):
        _invalid("allowed", "Exactly one of allowed and denied is required.")
    if not 0 <= found.priority <= 65535 or found.direction != "INGRESS":
        _invalid("priority", "Must be between 0 and 65535, for INGRESS.")
    if not found.source_ranges or found.network != "global/networks/default":
        _invalid("sourceRanges", "sourceRanges and a network are required.")
    said: dict[str, Any] = json.loads(body)
    return said


def request_id(query: Mapping[str, str]) -> str | None:
    """The call's ``requestId``. Raises ``Wrong`` where it is no UUID."""
    said = query.get("requestId")
    if said is None:
        return None
    try:
        known = uuid.UUID(said).int != 0
    except ValueError:
        known = False
    if not known:
        _invalid("requestId", f"{said} is no valid UUID")
    return said


def _parsed(kind: Any, body: bytes) -> Any:
    try:
        return kind.from_json(body.decode(), ignore_unknown_fields=False)
    except ParseError as error:
        raise Wrong(400, "invalid", f"Invalid JSON payload received. {error}") from error


def _name(name: str) -> None:
    if not _NAME.fullmatch(name):
        _invalid("name", f"Must be a match of regex '{_NAME.pattern}': {name}")


def _labels(labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        if not _LABEL.fullmatch(key) or not _VALUE.fullmatch(value):
            _invalid("labels", f"label {key}={value}")
    if len(labels) > 64:
        _invalid("labels", "more than 64")


def _in_zone(link: str, zone: str, kind: str) -> str:
    match = re.fullmatch(rf"zones/{zone}/{kind}/([-a-z0-9]+)", link)
    if match is None:
        _invalid(kind, f"The URL is malformed or of another zone than {zone}: {link}")
    return match[1]


def _disks(disks: Iterable[Any], zone: str, family: str) -> None:
    boot = [disk for disk in disks if disk.boot]
    if len(boot) != 1:
        _invalid("disks", "Exactly one boot disk must be specified.")
    how = boot[0].initialize_params
    _labels(how.labels)
    images = {f"projects/{p}/global/images/{n}": (a, s) for (p, _), (n, a, s) in IMAGES.items()}
    if how.source_image not in images:
        raise Wrong(404, "notFound", f"The resource '{how.source_image}' was not found")
    architecture, smallest = images[how.source_image]
    if (architecture == "ARM64") != (family in ARM):
        _invalid("disks[0]", f"The architecture of {how.source_image} does not fit {family}")
    if how.disk_size_gb < smallest:
        _invalid("diskSizeGb", f"smaller than the image: {smallest} GB")
    kind = _in_zone(how.disk_type, zone, "diskTypes")
    allowed = ("hyperdisk-balanced",) if family in HYPERDISK else ("pd-balanced", "pd-ssd")
    if kind not in allowed:
        _invalid("diskType", f"[{family}] does not support disk type [{kind}]")


def _scheduling(found: Any) -> None:
    how = found.scheduling
    if how.provisioning_model not in ("", "STANDARD", "SPOT"):
        _invalid("scheduling.provisioningModel", how.provisioning_model)
    if how.on_host_maintenance not in ("", "MIGRATE", "TERMINATE"):
        _invalid("scheduling.onHostMaintenance", how.on_host_maintenance)
    spot = how.provisioning_model == "SPOT"
    restarts = not ("automatic_restart" in how and not how.automatic_restart)
    if spot and (restarts or how.on_host_maintenance != "TERMINATE"):
        _invalid("scheduling", "Spot VMs cannot restart automatically or migrate.")
    if found.guest_accelerators and how.on_host_maintenance != "TERMINATE":
        _invalid("scheduling", "Instances with guest accelerators do not support live migration.")
    seconds = how.max_run_duration.seconds
    if "max_run_duration" in how and not 30 <= seconds <= 120 * 24 * 3600:
        _invalid("scheduling.maxRunDuration", f"{seconds} s")
    if "max_run_duration" in how and how.instance_termination_action != "DELETE":
        _invalid("scheduling.instanceTerminationAction", "is required with maxRunDuration")
    if how.instance_termination_action and not spot and "max_run_duration" not in how:
        _invalid("scheduling.instanceTerminationAction", "only for Spot or a limited run time")


def _metadata(items: Iterable[Any]) -> None:
    keys = [item.key for item in items]
    if len(set(keys)) != len(keys) or not all(map(_KEY.fullmatch, keys)):
        _invalid("metadata", f"keys are double or not allowed: {keys}")
    if sum(len(item.key) + len(item.value.encode()) for item in items) > 512 * 1024:
        _invalid("metadata", "larger than 512 KB")


def _invalid(what: str, message: str) -> NoReturn:
    raise Wrong(400, "invalid", f"Invalid value for field 'resource.{what}': {message}")
