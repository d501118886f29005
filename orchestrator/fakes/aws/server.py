"""EC2 for tests: moto in its strict modes, with containers that run an sshd as instances.

moto implements images, instance types, key pairs, groups, tags and filters, and refuses invalid
requests. A proxy in front of it adds what it lacks:

- only few regions are enabled;
- ``ClientToken`` is idempotent, refuses other parameters, and still answers for ended instances;
- an instance is pending until its container answers, and has the container's address. The container
  gets its host key and boot commands from the user data, and accepts the key pair. (Without
  containers an instance runs at once, at an address where nothing answers);
- an instance ends when its container does, and the other way round, with EC2's reasons;
- a group in use cannot be deleted; the time until a new instance is listed, and quotas, can be set.

Errors and lost replies are set by rules: ``orchestrator.fakes.faults``. Security groups have no
effect.

    python -m orchestrator.fakes.aws.server --port 5800 [--no-containers]
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orchestrator.fakes.aws.account import Ec2
from orchestrator.fakes.aws.machines import Containers, Machines, NoMachines

__all__ = ["Ec2", "serving"]

STRICT = {
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "true",
}


@contextmanager
def serving(
    *, containers: bool = False, port: int = 0, machines: Machines | None = None
) -> Iterator[Ec2]:
    """A new fake, with moto in a process of its own.

    ``containers``: instances are containers with an sshd; else they exist in replies only.
    """
    upstream = _free_port()
    moto = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(upstream)],
        env={**os.environ, **STRICT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    machines = machines or (Containers() if containers else NoMachines())
    fake = Ec2(f"127.0.0.1:{upstream}", machines, port)
    try:
        _until_it_answers(upstream, moto)
        with fake.serving():
            yield fake
    finally:
        machines.close()
        moto.kill()
        moto.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_answers(port: int, moto: subprocess.Popen[bytes], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end and moto.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("moto does not start: python -m moto.server says why")


def main() -> None:
    """Serve until interrupted or terminated; prints the variables to export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-containers", action="store_true")
    arguments = parser.parse_args()
    with serving(containers=not arguments.no_containers, port=arguments.port) as fake:
        for name, value in fake.environment.items():
            print(f"export {name}={value}", flush=True)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()


if __name__ == "__main__":
    main()
