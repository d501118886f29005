"""What a person can type to end a machine that we could not confirm ended."""

from __future__ import annotations

import shlex

from orchestrator.model.machine import Machine


def how_to_end(machine: Machine) -> str:
    """The provider's own command for ``machine``, quoted for a shell."""
    place, name = machine.place, machine.platform.provider
    where = {"region": place.region, "zone": place.zone}
    if name == "aws":
        argv = ["aws", "ec2", "terminate-instances", "--instance-ids", machine.id]
        argv += ["--region", where["region"]] if where["region"] else []
    elif name == "gcp":
        # The instance's name is the last part of an id that names its zone, too.
        argv = ["gcloud", "compute", "instances", "delete", machine.id.rpartition("/")[2]]
        argv += ["--zone", where["zone"]] if where["zone"] else []
    elif name == "ssh":
        host = machine.address.host if machine.address else machine.platform.name
        run = f"={machine.run}-{machine.platform.id}" if machine.run else ""
        filters = f"label=eqc.run{run}"
        return f"ssh -- {shlex.quote(host)} docker ps --all --filter {shlex.quote(filters)}"
    else:
        argv = ["eqc", "reap", *(["--run", machine.run] if machine.run else [])]
    return shlex.join(argv)
