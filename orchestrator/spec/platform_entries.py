"""What an experiment file may say about platforms: one model per provider."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, Field

from orchestrator import catalog
from orchestrator.spec.fields import Strict, Words, many, word

Level = Literal["sse4", "avx", "avx2", "avx512"]
Levels = Annotated[
    list[Level], MinLen(1), BeforeValidator(many, json_schema_input_type=Level | list[Level])
]


class Local(Strict):
    """This computer as it is."""

    provider: Literal["local"]


class Mask(Strict):
    """This computer with the frameworks' own switches set to use fewer instructions."""

    provider: Literal["mask"]
    levels: Levels


class Emulated(Strict):
    """CPU models of QEMU's user mode, with overrides such as ``Haswell,fma=off``."""

    provider: Literal["emulated"]
    cpu: Words
    arch: Literal["x86_64", "arm64"] = "x86_64"


def _instance_type(name: str) -> str:
    family, dot, size = name.partition(".")
    if not (family and dot and size):
        raise ValueError(f"an instance type is written like c5.large, not '{name}'")
    return name


def _gpu(name: str) -> str:
    return word(name, catalog.gpus(), "GPU")


Gpus = Annotated[
    list[Annotated[str, AfterValidator(_gpu)]],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=str | list[str]),
]
InstanceTypes = Annotated[
    list[Annotated[str, AfterValidator(_instance_type)]],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=str | list[str]),
]


class Aws(Strict):
    """EC2 instances: families (and sizes), instance types, or whatever carries a GPU."""

    provider: Literal["aws"]
    families: Words | None = None
    sizes: Words | None = None
    machine_types: InstanceTypes | None = None
    gpus: Gpus | None = None
    regions: Words | None = None
    spot: bool = False


class Gcp(Strict):
    """Compute Engine machines, each optionally with a CPU platform and a GPU."""

    provider: Literal["gcp"]
    families: Words | None = None
    sizes: Words | None = None
    machine_types: Words | None = None
    cpu_platforms: Words | None = None
    gpus: Gpus | None = None
    regions: Words | None = None
    zones: Words | None = None
    spot: bool = False


class Host(Strict):
    """A computer reached by SSH."""

    name: str
    address: str | None = None
    """Where it differs from the name."""
    user: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 22


class Ssh(Strict):
    """Computers that are there already: a file that lists them, or the list."""

    provider: Literal["ssh"]
    hosts: str | list[str | Host]


PlatformEntry = Annotated[
    Local | Mask | Emulated | Aws | Gcp | Ssh, Field(discriminator="provider")
]
