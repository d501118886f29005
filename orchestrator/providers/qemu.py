"""What is put in front of a program so that it runs on an emulated CPU of QEMU's user mode."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.experiment import Isolation, Platform
from orchestrator.model.machine import Machine, Unavailable

QEMU = "qemu-x86_64-static"
INSTALL = "apt-get install qemu-user-static"
BINFMT = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")


@dataclass(frozen=True)
class Qemu:
    """The emulators of this computer."""

    isolation: Isolation
    host_architecture: str
    which: Callable[[str], str | None] = shutil.which
    binfmt: Path = BINFMT

    def launcher(self, cpu: str, architecture: str) -> tuple[str, ...]:
        """For ``x86_64`` or ``arm64``. Raises ``Unavailable`` with the command that installs it."""
        if architecture == "arm64":
            return self._arm64(cpu)
        # check=off: a feature that QEMU cannot emulate is left out without a warning on stderr;
        # what is really there is in the fingerprint, which executes CPUID.
        return (self._x86_64(), "-cpu", f"{cpu},check=off")

    def machine(self, platform: Platform, *, rehearsal: bool = False) -> Machine:
        """This computer as the platform's ``cpu`` of its ``arch``. Raises ``Unavailable``."""
        model = str(platform.get("cpu"))
        architecture = str(platform.get("arch") or "x86_64")
        return Machine(
            id=f"{platform.name}-{platform.id}",
            platform=platform,
            architecture=architecture,
            launcher=self.launcher(model, architecture),
            emulated=model,
            rehearsal=rehearsal,
        )

    def _x86_64(self) -> str:
        """The emulator's path, as the runner will see it."""
        if self.isolation is Isolation.DOCKER:
            return f"/usr/bin/{QEMU}"  # every image carries it
        if self.host_architecture != "x86_64":
            raise Unavailable(
                "wrong-architecture",
                f"this computer is {self.host_architecture}; x86-64 is emulated here with "
                "isolation docker only",
            )
        emulator = self.which(QEMU)
        if emulator is None:
            raise Unavailable("no-qemu", f"{QEMU} is not installed: {INSTALL}")
        return emulator

    def _arm64(self, cpu: str) -> tuple[str, ...]:
        """The kernel starts the emulator for arm64 programs; the model goes by environment."""
        if self.isolation is not Isolation.DOCKER:
            raise Unavailable("needs-docker", "arm64 is emulated in containers only: start Docker")
        if not self.binfmt.exists():
            raise Unavailable(
                "no-binfmt",
                f"this kernel does not start arm64 programs ({self.binfmt} is not there): "
                f"{INSTALL}, and mount binfmt_misc if it is not mounted",
            )
        return ("/usr/bin/env", f"QEMU_CPU={cpu}")
