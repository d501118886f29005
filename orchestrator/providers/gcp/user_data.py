"""What an instance does at boot, as cloud-config: take its host key, start Docker.

Its end needs nothing from inside: Compute Engine itself deletes it (``maxRunDuration``).
"""

from __future__ import annotations

import json
import shlex

from orchestrator.model.machine import HostKey

# Google's guest agent makes new host keys in /etc/ssh at the first boot, whatever is there: so ours
# is elsewhere, and the only one that sshd is told of. bootcmd runs before sshd is started; should
# that differ, sshd is told again, and until then who connects refuses the unknown key.
_HOST_KEY = """\
umask 077
mkdir -p /run/eqc
printf %s {private} > /run/eqc/ssh_host_ed25519_key
grep -v '^[[:space:]]*HostKey[[:space:]]' /etc/ssh/sshd_config > /run/eqc/sshd_config
{{ echo 'HostKey /run/eqc/ssh_host_ed25519_key'; cat /run/eqc/sshd_config; }} > /etc/ssh/sshd_config
systemctl --no-block try-restart sshd.service
"""
_DOCKER = """\
systemctl start docker
"""
_NVIDIA = """\
if ! command -v docker > /dev/null; then apt-get update && apt-get -y install docker.io; fi
if ! command -v nvidia-ctk > /dev/null; then
  list=https://nvidia.github.io/libnvidia-container
  key=/usr/share/keyrings/nvidia-container-toolkit.gpg
  curl -fsSL $list/gpgkey | gpg --dearmor -o $key
  echo "deb [signed-by=$key] $list/stable/deb/amd64 /" > /etc/apt/sources.list.d/nvidia.list
  apt-get update && apt-get -y install nvidia-container-toolkit
fi
nvidia-ctk runtime configure --runtime=docker
usermod -aG docker {user}
systemctl restart docker
"""


def user_data(host_key: HostKey, user: str, *, gpu: bool) -> str:
    """Cloud-config, also as Container-Optimized OS takes it.

    Holds one secret, the host key, which is worth nothing once the machine is gone. The part for
    GPUs, which is for Debian and Ubuntu with a driver, was never run.
    """
    docker = _NVIDIA.format(user=shlex.quote(user)) if gpu else _DOCKER
    config = {
        "bootcmd": [["sh", "-ec", _HOST_KEY.format(private=shlex.quote(host_key.private))]],
        # No upgrade behind our back: two machines of one platform boot the same software.
        "package_upgrade": False,
        "runcmd": [["sh", "-ec", docker]],
    }
    return "#cloud-config\n" + json.dumps(config, indent=1) + "\n"  # JSON is YAML
