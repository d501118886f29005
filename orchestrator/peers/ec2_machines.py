"""What stands behind an instance of the EC2 peer: nothing, or a container that boots like one."""

from __future__ import annotations

import threading
from typing import Protocol

import yaml

SYSTEMD_RUN = """\
#!/bin/sh
# Of systemd-run as much as our user data uses: --on-active=SECONDS and the command.
echo "$@" >> /run/eqc-timer
for a in "$@"; do case "$a" in --on-active=*) left=${a#*=};; esac; done
while [ "${1#--}" != "$1" ]; do shift; done
( sleep "$left"; "$@" ) > /dev/null 2>&1 &
"""
SYSTEMCTL = """\
#!/bin/sh
echo "$@" >> /run/eqc-systemctl
if [ "$1" = poweroff ]; then kill -TERM 1; fi
"""
# ec2-user is who the images of ECS know: here another name of the peer's only user.
ACCOUNT = """\
useradd --no-create-home -o -u $(id -u eqc) -g eqc -d /home/eqc -s /bin/bash ec2-user
usermod -p '*' ec2-user
groupadd -f docker
usermod -aG $(stat -c %g /var/run/docker.sock) ec2-user
chmod 755 /usr/local/bin/systemd-run /usr/local/bin/systemctl
"""


class Machines(Protocol):
    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None: ...

    def address(self, instance_id: str) -> str | None:
        """``None`` while it boots."""

    def ended(self, instance_id: str) -> bool:
        """It was up, and is not any more."""

    def end(self, instance_id: str) -> None: ...

    def close(self) -> None: ...


class NoMachines:
    """Instances that are up at once, at an address where nobody is."""

    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None: ...

    def address(self, instance_id: str) -> str | None:
        return "192.0.2.1"

    def ended(self, instance_id: str) -> bool:
        return False

    def end(self, instance_id: str) -> None: ...

    def close(self) -> None: ...


class Containers:
    """``orchestrator.peers.sshd`` machines, one for each instance, which take their user data."""

    def __init__(self) -> None:
        import docker

        from orchestrator.peers import sshd

        self._sshd = sshd
        self._client = docker.from_env()
        self._up: dict[str, str] = {}
        self._over: set[str] = set()
        self._boots: dict[str, threading.Thread] = {}
        self._removing = threading.Lock()

    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None:
        thread = threading.Thread(
            target=self._boot, args=(instance_id, arch, public_key, user_data), daemon=True
        )
        self._boots[instance_id] = thread
        thread.start()

    def address(self, instance_id: str) -> str | None:
        return self._up.get(instance_id)

    def ended(self, instance_id: str) -> bool:
        import docker.errors

        if instance_id not in self._up:
            return False
        try:
            container = self._client.containers.get(f"eqc-peer-{instance_id}")
        except docker.errors.NotFound:
            return True
        return bool(container.status in ("exited", "dead"))

    def end(self, instance_id: str) -> None:
        self._over.add(instance_id)
        self._up.pop(instance_id, None)
        with self._removing:  # the engine refuses two removals of one container at once
            self._sshd.remove(self._client, instance_id)

    def close(self) -> None:
        for instance_id, thread in self._boots.items():
            self._over.add(instance_id)
            thread.join(60)
            self.end(instance_id)
        self._client.close()

    def _boot(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None:
        try:
            address = self._booted(instance_id, arch, public_key, user_data)
        except Exception:
            if instance_id not in self._over:  # else it was terminated while it booted
                raise
        else:
            self._up[instance_id] = address
        if instance_id in self._over:
            self.end(instance_id)

    def _booted(self, instance_id: str, arch: str, public_key: str, user_data: str) -> str:
        config = yaml.safe_load(user_data)
        container, public = self._sshd.start(
            self._client,
            name=instance_id,
            public_key=public_key,
            host_key_private=config["ssh_keys"]["ed25519_private"],
            arch=arch,
        )
        assert public == config["ssh_keys"]["ed25519_public"], "the halves of the host key differ"
        self._sshd.address(container)
        shims = {"systemd-run": SYSTEMD_RUN, "systemctl": SYSTEMCTL}
        files = {f"usr/local/bin/{n}": (t.encode(), 0o755) for n, t in shims.items()}
        container.put_archive("/", self._sshd._tar(files))
        for command in (["sh", "-ec", ACCOUNT], *config["bootcmd"], *config["runcmd"]):
            code, output = container.exec_run(command)
            assert code == 0, f"{command} in {instance_id}: {output!r}"
        return self._sshd.inside(container)
