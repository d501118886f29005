"""Complete orders for the tests of rented machines."""

from __future__ import annotations

import time
from dataclasses import replace

from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Offer, Order
from orchestrator.ssh.login_keys import new_host_key

LOGIN_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1dZzo3p6mDbW2u0MTNlqNMVoOkTn9dpd4GPNjCLDgX"


def aws_order(
    machine_type: str = "m5.large",
    region: str = "us-east-1",
    *,
    run: str = "run-1",
    spot: bool = False,
    zone: str | None = None,
    **changes: object,
) -> Order:
    """An order for an instance; ``changes`` replace fields of the order."""
    made = Order(
        run,
        Platform("aws", f"aws/{machine_type}", (("machine_type", machine_type),)),
        offer=Offer(region, zone, machine_type, spot, price_per_hour=0.1),
        owner="tests",
        expires=float(int(time.time()) + 3600),
        login_key=LOGIN_KEY,
        host_key=new_host_key(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def gcp_order(
    machine_type: str = "n2d-standard-2",
    zone: str = "us-central1-a",
    *,
    run: str = "run-1",
    spot: bool = False,
    cpu_platform: str | None = None,
    gpu: str | None = None,
    **changes: object,
) -> Order:
    """An order for an instance; ``changes`` replace fields of the order."""
    asked = {"machine_type": machine_type, "cpu_platform": cpu_platform, "gpu": gpu}
    parameters = tuple((key, value) for key, value in asked.items() if value is not None)
    name = "/".join(("gcp", *(str(value) for _, value in parameters)))
    region = zone.rpartition("-")[0]
    made = Order(
        run,
        Platform("gcp", name, parameters),
        offer=Offer(region, zone, machine_type, spot, price_per_hour=0.1),
        owner="tests",
        expires=float(int(time.time()) + 3600),
        login_key=LOGIN_KEY,
        host_key=new_host_key(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]
