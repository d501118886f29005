"""One suite over every provider: launch → find → release twice → find nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import cpuid_platform
from orchestrator.model.experiment import Isolation, Platform
from orchestrator.model.machine import (
    Machine,
    Order,
    Provider,
    ProviderError,
    ProviderErrorKind,
    SshHost,
    SshPlacement,
    Unavailable,
)
from orchestrator.providers import registry
from orchestrator.providers.qemu import Qemu
from orchestrator.providers.ssh.provider import SshProvider
from orchestrator.providers.this_computer.cpuid import CpuidProvider
from orchestrator.providers.this_computer.provider import (
    EmulatedProvider,
    LocalProvider,
    MaskProvider,
    RehearsalProvider,
)
from tests.contract import rented
from tests.contract.life import lives

ENVIRONMENT = {("avx2", "numpy"): {"OPENBLAS_CORETYPE": "Haswell"}}


def mask(flags: tuple[str, ...] = ("avx2",)) -> MaskProvider:
    return MaskProvider(
        flags,
        ("numpy", "onnxruntime"),
        lambda level, framework: ENVIRONMENT.get((level, framework)),
        lambda level: level,
    )


def emulated(which: Callable[[str], str | None] = lambda name: f"/usr/bin/{name}") -> Provider:
    return EmulatedProvider(Qemu(Isolation.PROCESS, "x86_64", which))


def host() -> dict:
    table = model_table("Haswell")
    leaves = {name: list(four) for name, four in table.presented("host").leaves}
    return {"cpu": {"architecture": "x86_64", "leaves": leaves, "xcr0": {"value": "0x7"}}}


CASES = {
    "ssh": (
        SshProvider,
        Platform("ssh", "ssh/a", (("host", "a"),), SshPlacement(SshHost("10.0.0.1"))),
    ),
    "local": (LocalProvider, Platform("local", "local")),
    "mask": (mask, Platform("mask", "mask/avx2", (("level", "avx2"),))),
    "emulated": (emulated, Platform("emulated", "emulated/Haswell", (("cpu", "Haswell"),))),
    "cpuid": (lambda: CpuidProvider(host()), cpuid_platform("SandyBridge", ["aes"])),
    "rehearsal": (
        lambda: RehearsalProvider(Qemu(Isolation.PROCESS, "x86_64", lambda name: f"/bin/{name}")),
        Platform("rehearsal", "rehearsal/aws/c4", (("arch", "x86_64"), ("cpu", "Haswell"))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_life_of_a_machine(name: str) -> None:
    make, platform = CASES[name]
    lives(make(), platform)  # type: ignore[operator]


def test_every_provider_is_here() -> None:
    assert set(registry.registrations()) == CASES.keys() | rented.CASES.keys()


@pytest.mark.cloud_fake
@pytest.mark.parametrize("name", rented.CASES)
def test_the_life_of_a_rented_machine_with_a_crash_between_any_two_steps(name: str) -> None:
    with rented.CASES[name]() as case:
        order = case.order
        case.lose_a_reply()
        with pytest.raises(ProviderError) as raised:
            case.make().launch(order)
        assert raised.value.kind is ProviderErrorKind.UNCERTAIN
        machine = case.make().launch(order)
        assert machine.platform == order.platform
        assert case.machines() == (machine.id,)
        (found,) = case.make().find(order.run)
        assert (found.id, found.run, found.token) == (machine.id, order.run, order.token)
        assert found.expires == order.expires
        assert case.make().find("another") == ()
        up = case.make().wait(found)
        assert up.address is not None
        assert order.host_key is not None
        assert up.address.host_key == order.host_key.public
        case.make().release(found)
        case.make().release(machine)
        assert list(case.make().find()) == []
        assert case.machines() == ()
        case.make().delete_shared(order.run)
        case.make().delete_shared(order.run)


def test_two_platforms_are_two_machines() -> None:
    provider = emulated()
    ids = {
        provider.launch(Order("run", Platform("emulated", f"emulated/{cpu}", (("cpu", cpu),)))).id
        for cpu in ("Haswell", "Nehalem", "Haswell,vendor=AuthenticAMD")
    }
    assert len(ids) == 3


def test_a_mask_sets_each_frameworks_own_switch_and_admits_where_there_is_none() -> None:
    machine: Machine = mask().launch(Order("run", CASES["mask"][1]))
    assert machine.environment("numpy") == (("OPENBLAS_CORETYPE", "Haswell"),)
    assert machine.environment("onnxruntime") is None
    assert machine.masked == "avx2"


def test_a_mask_above_this_cpu_is_refused() -> None:
    with pytest.raises(Unavailable, match="needs a CPU with avx2"):
        mask(flags=("sse4_2",)).launch(Order("run", CASES["mask"][1]))


def test_emulation_is_in_front_of_every_process_and_is_said() -> None:
    machine = emulated().launch(Order("run", CASES["emulated"][1]))
    assert machine.launcher == ("/usr/bin/qemu-x86_64-static", "-cpu", "Haswell,check=off")
    assert machine.emulated == "Haswell"


def test_without_qemu_the_command_that_installs_it_is_named() -> None:
    with pytest.raises(Unavailable, match="apt-get install qemu-user-static") as raised:
        emulated(lambda _: None).launch(Order("run", CASES["emulated"][1]))
    assert raised.value.reason.code == "no-qemu"


ARM = Platform("emulated", "emulated/arm64/a64fx", (("arch", "arm64"), ("cpu", "a64fx")))


def test_arm64_names_its_image_and_its_model(tmp_path: Path) -> None:
    provider = EmulatedProvider(Qemu(Isolation.DOCKER, "x86_64", binfmt=tmp_path))
    machine = provider.launch(Order("run", ARM))
    assert machine.architecture == "arm64"
    assert machine.launcher[-1] == "QEMU_CPU=a64fx"


@pytest.mark.parametrize("isolation", [Isolation.DOCKER, Isolation.PROCESS])
def test_without_binfmt_or_docker_arm64_says_what_to_do(
    tmp_path: Path, isolation: Isolation
) -> None:
    provider = EmulatedProvider(Qemu(isolation, "x86_64", binfmt=tmp_path / "none"))
    with pytest.raises(Unavailable, match=r"binfmt_misc|start Docker"):
        provider.launch(Order("run", ARM))
