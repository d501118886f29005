"""One suite over every provider: launch → find → release twice → find nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.model import Isolation, Machine, Platform, Unavailable
from orchestrator.providers import Provider
from orchestrator.providers.emulated import EmulatedProvider
from orchestrator.providers.local import LocalProvider
from orchestrator.providers.mask import MaskProvider

ENVIRONMENT = {("avx2", "numpy"): {"OPENBLAS_CORETYPE": "Haswell"}}


def mask(flags: tuple[str, ...] = ("avx2",)) -> MaskProvider:
    return MaskProvider(
        flags,
        ("numpy", "onnxruntime"),
        lambda level, framework: ENVIRONMENT.get((level, framework)),
        lambda level: level,
    )


def emulated(which: Callable[[str], str | None] = lambda name: f"/usr/bin/{name}") -> Provider:
    return EmulatedProvider(Isolation.PROCESS, "x86_64", which)


CASES = {
    "local": (LocalProvider, Platform("local", "local")),
    "mask": (mask, Platform("mask", "mask/avx2", (("level", "avx2"),))),
    "emulated": (emulated, Platform("emulated", "emulated/Haswell", (("cpu", "Haswell"),))),
}


@pytest.mark.parametrize("name", CASES)
def test_the_life_of_a_machine(name: str) -> None:
    make, platform = CASES[name]
    provider: Provider = make()  # type: ignore[operator]
    machine = provider.launch(platform, "run")
    assert machine.platform == platform
    assert provider.wait(machine).id == machine.id
    # Launching again names the same machine: an interrupted call can be repeated.
    assert provider.launch(platform, "run").id == machine.id
    provider.release(machine)
    provider.release(machine)
    assert list(provider.find("run")) == []
    assert list(provider.find()) == []


def test_two_platforms_are_two_machines() -> None:
    provider = emulated()
    ids = {
        provider.launch(Platform("emulated", f"emulated/{cpu}", (("cpu", cpu),)), "run").id
        for cpu in ("Haswell", "Nehalem", "Haswell,vendor=AuthenticAMD")
    }
    assert len(ids) == 3


def test_a_mask_sets_each_frameworks_own_switch_and_admits_where_there_is_none() -> None:
    machine: Machine = mask().launch(CASES["mask"][1], "run")
    assert machine.environment("numpy") == (("OPENBLAS_CORETYPE", "Haswell"),)
    assert machine.environment("onnxruntime") is None
    assert machine.masked == "avx2"


def test_a_mask_above_this_cpu_is_refused() -> None:
    with pytest.raises(Unavailable, match="needs a CPU with avx2"):
        mask(flags=("sse4_2",)).launch(CASES["mask"][1], "run")


def test_emulation_is_in_front_of_every_process_and_is_said() -> None:
    machine = emulated().launch(CASES["emulated"][1], "run")
    assert machine.launcher == ("/usr/bin/qemu-x86_64-static", "-cpu", "Haswell,check=off")
    assert machine.emulated == "Haswell"


def test_without_qemu_the_command_that_installs_it_is_named() -> None:
    with pytest.raises(Unavailable, match="apt-get install qemu-user-static") as raised:
        emulated(lambda _: None).launch(CASES["emulated"][1], "run")
    assert raised.value.reason.code == "no-qemu"


ARM = Platform("emulated", "emulated/arm64/a64fx", (("arch", "arm64"), ("cpu", "a64fx")))


def test_arm64_names_its_image_and_its_model(tmp_path: Path) -> None:
    provider = EmulatedProvider(Isolation.DOCKER, "x86_64", binfmt=tmp_path)
    machine = provider.launch(ARM, "run")
    assert machine.architecture == "arm64"
    assert machine.launcher[-1] == "QEMU_CPU=a64fx"


@pytest.mark.parametrize("isolation", [Isolation.DOCKER, Isolation.PROCESS])
def test_without_binfmt_or_docker_arm64_says_what_to_do(
    tmp_path: Path, isolation: Isolation
) -> None:
    provider = EmulatedProvider(isolation, "x86_64", binfmt=tmp_path / "none")
    with pytest.raises(Unavailable, match=r"binfmt_misc|start Docker"):
        provider.launch(ARM, "run")
