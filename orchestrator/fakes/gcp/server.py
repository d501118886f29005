"""Compute Engine for tests: a strict fake, with containers that run an sshd as instances.

Google has no emulator of it. This fake implements the used parts of instances, operations, firewall
rules, zones, regions with quotas, image families and ``testIamPermissions``. It refuses what
Compute Engine refuses: unknown fields and parameters, invalid names and labels, types that a zone
does not have, images of another architecture, contradictory scheduling.

- ``requestId`` is idempotent: the same id returns the same operation, also a failed one;
- an instance is PROVISIONING until its container answers, and has the container's address. The
  container gets its host key from the user data, and accepts the metadata's ``ssh-keys``. (Without
  containers an instance runs when its operation is done, at an address where nothing answers);
- an instance ends when its container does, and the other way round, or after ``maxRunDuration``;
- the state is in a file, if one is given, and is there again after a restart.

Errors, stockouts after an accepted order, and lost replies are set by rules in
``orchestrator.fakes.gcp.http``, also by ``POST /fake/rules`` from another process. Delays,
unreachable zones, quotas and permissions are settings of ``orchestrator.fakes.gcp.state``. Firewall
rules have no effect.

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
    """The fake. ``environment``: the variables that make a process use it instead of Google."""

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
    """A new fake.

    ``containers``: instances are containers with an sshd; else they exist in replies only.
    ``state``: the file for its state. ``pace``: seconds that an operation takes.
    """
    machines = Containers() if containers else NoMachines()
    cloud = Cloud(PROJECT, machines, state, pace)
    fake = Gce(cloud, port)
    try:
        with fake.serving():
            yield fake
    finally:
        machines.close()


def main() -> None:
    """Serve until interrupted; prints the variables to export."""
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
