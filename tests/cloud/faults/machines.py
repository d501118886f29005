"""Machines of the EC2 fake that are given a flaw before they first answer."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

from docker.models.containers import Container

from orchestrator.fakes.aws.machines import Containers


@dataclass
class Flaw:
    """What is changed, as root, on the next ``times`` machines before they can be reached."""

    files: dict[str, str]
    """Texts of programs to install, by path without the leading slash."""
    script: str
    times: int | None = None
    """``None``: on all machines."""
    done: int = 0


class Altered(Containers):
    """The fake's machines: up when the reply to their order comes, some of them with a flaw."""

    def __init__(self) -> None:
        super().__init__()
        self.type_of: Callable[[str], str] = lambda _: ""
        self._flaws: dict[str, Flaw] = {}

    def flaw(
        self, machine_type: str, *, script: str = "true", times: int | None = None, **files: str
    ) -> Flaw:
        """Give new machines of the type this flaw; ``files``: texts of commands by their name."""
        made = Flaw({f"usr/local/bin/{n}": t for n, t in files.items()}, script, times)
        self._flaws[machine_type] = made
        return made

    def sound(self) -> None:
        """Give no flaw to machines from now on."""
        self._flaws.clear()

    def container(self, instance_id: str) -> Container:
        return self.client.containers.get(f"eqc-fake-{instance_id}")

    def begin(self, instance_id: str, arch: str, public_key: str, user_data: str) -> None:
        super().begin(instance_id, arch, public_key, user_data)
        # Wait for the boot here: callers poll a booting machine every 5 seconds, which is too
        # slow for many tests.
        self._boots[instance_id].join(20)

    def _booted(self, instance_id: str, arch: str, public_key: str, user_data: str) -> str:
        address = super()._booted(instance_id, arch, public_key, user_data)
        flaw = self._flaws.get(self.type_of(instance_id))
        if flaw is not None and (flaw.times is None or flaw.done < flaw.times):
            flaw.done += 1
            container = self.container(instance_id)
            container.put_archive("/", _programs(flaw.files))
            code, output = container.exec_run(["sh", "-ec", flaw.script])
            assert code == 0, output.decode()
        return address


def _programs(files: dict[str, str]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()
