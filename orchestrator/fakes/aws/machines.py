"""The machines of the fake EC2's instances: none, or containers that boot from user data."""

from __future__ import annotations

from typing import Protocol

import yaml

from orchestrator.fakes import sshd
from orchestrator.fakes.containers import Backend, ContainerBackend, NoBackend

SYSTEMD_RUN = """\
#!/bin/sh
# The part of systemd-run that our user data uses: --on-active=SECONDS and the command.
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
# The images of ECS have the user ec2-user: here it is a second name of the fake's only user.
ACCOUNT = """\
useradd --no-create-home -o -u $(id -u eqc) -g eqc -d /home/eqc -s /bin/bash ec2-user
usermod -p '*' ec2-user
groupadd -f docker
usermod -aG $(stat -c %g /var/run/docker.sock) ec2-user
chmod 755 /usr/local/bin/systemd-run /usr/local/bin/systemctl
"""


class Machines(Backend, Protocol):
    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None: ...


class NoMachines(NoBackend):
    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None: ...


class Containers(ContainerBackend):
    """One container for each instance, set up by the instance's user data."""

    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None:
        self.boot(instance_id, lambda: self._booted(instance_id, arch, public_key, user_data))

    def ended(self, name: str) -> bool:
        return self.address(name) is not None and super().ended(name)

    def _booted(self, instance_id: str, arch: str, public_key: str, user_data: str) -> str:
        config = yaml.safe_load(user_data)
        container, public = sshd.start(
            self.client,
            name=instance_id,
            public_key=public_key,
            host_key_private=config["ssh_keys"]["ed25519_private"],
            arch=arch,
        )
        assert public == config["ssh_keys"]["ed25519_public"], "the halves of the host key differ"
        sshd.address(container)
        shims = {"systemd-run": SYSTEMD_RUN, "systemctl": SYSTEMCTL}
        files = {f"usr/local/bin/{n}": (t.encode(), 0o755) for n, t in shims.items()}
        container.put_archive("/", sshd._tar(files))
        for command in (["sh", "-ec", ACCOUNT], *config["bootcmd"], *config["runcmd"]):
            code, output = container.exec_run(command)
            assert code == 0, f"{command} in {instance_id}: {output!r}"
        return sshd.inside(container)
