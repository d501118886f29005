"""Compute Engine for tests: a strict fake, and for its instances real machines with an sshd.

No emulator of Google's exists. This one knows instances, operations, firewall rules, zones, regions
with quotas, image families and ``testIamPermissions``, as far as they are used, and refuses what
Compute Engine refuses: unknown fields and parameters, names and labels it does not allow, types
that a zone does not have, images of another architecture, scheduling that contradicts itself.

- ``requestId`` is idempotent: the same operation again, also when it has failed;
- an instance is PROVISIONING until its machine answers, and has the machine's address: a container
  that took its host key from the user data, and lets in who is in the metadata's ``ssh-keys``
  (without containers: running once its operation is done, at an address where nobody is);
- its end is the container's end, and the other way round; ``maxRunDuration`` is kept by a clock;
- its state is in a file, when there is one, and outlives its process.

Errors, stockouts that come late, and lost replies are rules: ``orchestrator.fakes.gcp.http``, also
by ``POST /fake/rules`` from another process. Lag, silent zones, quotas and permissions are settings
of ``orchestrator.fakes.gcp.state``. Nobody enforces firewall rules.

    python -m orchestrator.fakes.gcp.server --port 5900 --state /tmp/gce.json [--no-containers]
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.fakes.gcp.cloud import Cloud
from orchestrator.fakes.gcp.http import Server
from orchestrator.fakes.gcp.machines import Containers, NoMachines

__all__ = ["Gce", "serving"]

PROJECT = "eqc-test"


class Gce(Server):
    """The fake. ``environment`` is what a process needs to take it for Google."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{self.url}/compute/v1/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER": self.url,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "EQC_OWN_ADDRESS": "192.0.2.7",
        }


@contextmanager
def serving(
    *, containers: bool = False, port: int = 0, state: Path | None = None, pace: float = 0.02
) -> Iterator[Gce]:
    """A fake of one's own. ``containers``: real machines; ``pace``: seconds of an operation."""
    machines = Containers() if containers else NoMachines()
    cloud = Cloud(PROJECT, machines, state, pace)
    fake = Gce(cloud, port)
    try:
        with fake.serving():
            yield fake
    finally:
        machines.close()


def main() -> None:
    """Serve until interrupted; prints what to export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--no-containers", action="store_true")
    arguments = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    containers = not arguments.no_containers
    with serving(containers=containers, port=arguments.port, state=arguments.state) as fake:
        for name, value in fake.environment.items():
            print(f"export {name}={value}", flush=True)
        over.wait()


if __name__ == "__main__":
    main()
