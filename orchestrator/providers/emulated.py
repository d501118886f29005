"""This computer as many others: QEMU user mode with a CPU model, of x86-64 or arm64.

CPUID, and so what every framework picks, is the model's; the fingerprint says ``emulated``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from orchestrator.model import Isolation, Machine, Platform, Unavailable
from orchestrator.providers.this_computer import ThisComputer

QEMU = "qemu-x86_64-static"
INSTALL = "apt-get install qemu-user-static"
BINFMT = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")


class EmulatedProvider(ThisComputer):
    """Provider ``emulated``: parameter ``cpu`` is a QEMU CPU model with optional overrides."""

    def __init__(
        self,
        isolation: Isolation,
        host_architecture: str,
        which: Callable[[str], str | None] = shutil.which,
        binfmt: Path = BINFMT,
    ) -> None:
        self._isolation = isolation
        self._host_architecture = host_architecture
        self._which = which
        self._binfmt = binfmt

    def launch(self, platform: Platform, run_name: str) -> Machine:  # noqa: ARG002 - the contract's
        """This computer under QEMU. Raises ``Unavailable`` with the command that installs it."""
        model = str(platform.get("cpu"))
        architecture = str(platform.get("arch") or "x86_64")
        if architecture == "arm64":
            launcher = self._arm64(model)
        else:
            # check=off: a feature that QEMU cannot emulate is left out without a warning on stderr;
            # what is really there is in the fingerprint, which executes CPUID.
            launcher = (self._x86_64(), "-cpu", f"{model},check=off")
        return Machine(
            id=f"{platform.name}-{platform.id}",
            platform=platform,
            architecture=architecture,
            launcher=launcher,
            emulated=model,
        )

    def _x86_64(self) -> str:
        """The emulator's path, as the runner will see it."""
        if self._isolation is Isolation.DOCKER:
            return f"/usr/bin/{QEMU}"  # every image carries it
        if self._host_architecture != "x86_64":
            raise Unavailable(
                "wrong-architecture",
                f"this computer is {self._host_architecture}; x86-64 is emulated here with "
                "isolation docker only",
            )
        emulator = self._which(QEMU)
        if emulator is None:
            raise Unavailable("no-qemu", f"{QEMU} is not installed: {INSTALL}")
        return emulator

    def _arm64(self, model: str) -> tuple[str, ...]:
        """The kernel starts the emulator for arm64 programs; the model goes by environment."""
        if self._isolation is not Isolation.DOCKER:
            raise Unavailable("needs-docker", "arm64 is emulated in containers only: start Docker")
        if not self._binfmt.exists():
            raise Unavailable(
                "no-binfmt",
                f"this kernel does not start arm64 programs ({self._binfmt} is not there): "
                f"{INSTALL}, and mount binfmt_misc if it is not mounted",
            )
        return ("/usr/bin/env", f"QEMU_CPU={model}")
