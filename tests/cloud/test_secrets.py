"""No secret appears in arguments, environments, logs, the store, tags or images.

The test runs an experiment that uses recognisable secrets, and searches everything that the run
starts, shows or leaves for them, during the run and afterwards.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import docker.errors
import pytest

from tests.cloud.faults.conftest import _cache, _ec2, _engine, _machines, lab
from tests.cloud.faults.lab import SOUND, Lab, Running
from tests.fakes import registry

__all__ = ["_cache", "_ec2", "_engine", "_machines", "lab"]
pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]

USER, PASSWORD = "eqc", f"planted-password-{secrets.token_hex(8)}"
TOKEN = f"planted-session-token-{secrets.token_hex(8)}"
SECRET_KEY = "test-secret"
"""The secret key of AWS in the fake's environment."""
# The machines share an engine that has all images: this Docker command hides them until one was
# delivered. It records its arguments and environment, and is slow, so that the watch sees it.
DOCKER = """\
#!/bin/sh
{ echo "$@"; tr '\\0' '\\n' < /proc/self/environ; echo; } >> /tmp/called
chmod 666 /tmp/called 2>/dev/null
case " $* " in
  *" image inspect "*) [ -e /tmp/arrived ] || exit 1 ;;
  *" login "*) sleep 0.5 ;;
  *" pull "*) sleep 0.5; touch /tmp/arrived ;;
esac
exec /usr/bin/docker "$@"
"""


class Watch(threading.Thread):
    """Reads the arguments and environments of the run's processes, here and on its machines."""

    def __init__(self, running: Running) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.looks = 0
        self._root = running.process.pid
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.looks += 1
            ours = self._descendants()
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit() or int(entry.name) == os.getpid():
                    continue
                with suppress(OSError):
                    self.seen.add((entry / "cmdline").read_bytes())
                    inside = b"docker" in (entry / "cgroup").read_bytes()
                    if inside or int(entry.name) in ours:
                        self.seen.add((entry / "environ").read_bytes())

    def end(self) -> bytes:
        self._over.set()
        self.join()
        return b"\n".join(self.seen)

    def _descendants(self) -> set[int]:
        """The run's descendants, without the run itself: the user has set its environment."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
        found: set[int] = set()
        left = list(children.get(self._root, ()))
        while left:
            found.add(left.pop())
            left += [child for pid in tuple(found) for child in children.get(pid, ())]
            left = [pid for pid in left if pid not in found]
        return found


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry that needs a login; Docker's configuration on this computer has it."""
    store, configuration = tmp_path / "registry", tmp_path / "docker"
    store.mkdir()
    configuration.mkdir()
    with registry.serving(store, user=USER, secret=PASSWORD) as real:
        registry.log_in(configuration, real.host, USER, PASSWORD)
        monkeypatch.setenv("DOCKER_CONFIG", str(configuration))
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        yield real.host


def test_no_secret_is_where_somebody_could_find_it(
    lab: Lab, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machines: list[str] = []
    end = lab.machines.end

    def last_look(instance_id: str) -> None:
        """Before a machine ends: keep the calls recorded there and all files that may be ours."""
        with suppress(docker.errors.DockerException):
            script = "find /tmp /home /root /run -type f -size -1024k -exec cat {} +"
            found = lab.machines.container(instance_id).exec_run(["sh", "-c", script])
            on_machines.append(found.output.decode(errors="replace"))
        end(instance_id)

    monkeypatch.setattr(lab.machines, "end", last_look)
    lab.machines.flaw(SOUND, docker=DOCKER)
    with lab.running(lab.experiment(SOUND), "--registry", f"{login}/eqc") as running:
        watch = Watch(running)
        watch.start()
        keys = lab.cache / "eqc-orchestrator" / "keys"
        running.until(lambda: any(keys.glob("*/id_ed25519")))
        login_key = next(keys.glob("*/id_ed25519")).read_text().splitlines()[2]
        ran = running.ended()
        seen = watch.end()
    assert ran.code == 0, ran.shown
    assert watch.looks > 50
    called = "".join(on_machines)
    assert " login --username eqc --password-stdin " in f" {called} ", "the login was not used"
    assert " pull " in called
    host_keys = [_user_data(call) for call in lab.ec2.called("RunInstances")]
    private = [
        json.loads(text[text.index("{") :])["ssh_keys"]["ed25519_private"] for text in host_keys
    ]
    planted = {
        "AWS secret key": SECRET_KEY,
        "AWS session token": TOKEN,
        "registry password": PASSWORD,
        "registry login": _basic(),
        "login key": login_key,
        "host key": private[0].splitlines()[2],
    }
    asked = [_without_user_data(call) for call in lab.ec2.calls]
    stored = [path.read_bytes() for path in _files(lab.results, lab.cache)]
    places: dict[str, Iterable[bytes]] = {
        "argv and environments": [seen],
        "machines": [called.encode()],
        "events and log": [running.events.read_bytes(), running.shown.read_bytes()],
        "store, journal and cache": stored,
        "tags and other parameters": [text.encode() for text in asked],
        "user data, but for the host key": [
            text.replace(json.dumps(key)[1:-1], "").encode()
            for text, key in zip(host_keys, private, strict=True)
        ],
        "image": _image(lab, str(ran.rows[0].machine.image.digest)),
    }
    assert len(stored) > 5
    for place, texts in places.items():
        for text in texts:
            for name, secret in planted.items():
                assert secret.encode() not in text, f"{name} is in: {place}"


def _basic() -> str:
    return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _user_data(call: object) -> str:
    return base64.b64decode(call.parameters["UserData"]).decode()  # type: ignore[attr-defined]


def _without_user_data(call: object) -> str:
    parameters = {k: v for k, v in call.parameters.items() if k != "UserData"}  # type: ignore[attr-defined]
    return json.dumps(parameters)


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def _image(lab: Lab, digest: str) -> Iterator[bytes]:
    """The history, attributes and layers of an image, in pieces that overlap."""
    image = lab.client.images.get(digest)
    yield json.dumps([image.history(), image.attrs]).encode()
    rest = b""
    for chunk in image.save(chunk_size=8 << 20):
        yield rest + chunk
        rest = chunk[-4096:]


def test_the_watch_sees_arguments_and_environments(lab: Lab, tmp_path: Path) -> None:
    """Shows that the test above would notice a secret."""
    import subprocess
    import sys
    from types import SimpleNamespace

    program = (
        "import os, subprocess, sys; "
        "subprocess.run([sys.executable, '-c', 'import time; time.sleep(1)', 'in-the-argv'], "
        "env={'A': 'in-the-environment'})"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    watch = Watch(SimpleNamespace(process=process))  # type: ignore[arg-type]
    watch.start()
    time.sleep(0.8)
    seen = watch.end()
    process.wait()
    assert b"in-the-argv" in seen
    assert b"in-the-environment" in seen
