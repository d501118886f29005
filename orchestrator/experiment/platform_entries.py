"""What an experiment file may say about platforms: one model per provider."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, Field

from orchestrator import catalog
from orchestrator.experiment.fields import Strict, Words, dollars, many, word
from orchestrator.ssh.known_hosts import parse_key

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


Vendor = Literal["Intel", "AMD", "Arm"]
Vendors = Annotated[
    list[Vendor], MinLen(1), BeforeValidator(many, json_schema_input_type=Vendor | list[Vendor])
]
Architecture = Literal["x86_64", "arm64"]
Architectures = Annotated[
    list[Architecture],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=Architecture | list[Architecture]),
]


def _gpu(name: str) -> str:
    return word(name, catalog.gpus(), "GPU")


Gpus = Annotated[
    list[Annotated[str, AfterValidator(_gpu)]],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=str | list[str]),
]
MaxPrice = Annotated[
    float, BeforeValidator(dollars, json_schema_input_type=float | str), Field(gt=0)
]
"""US dollars per hour and machine."""


class Cloud(Strict):
    """Machines by type, or by what they are: family, size, microarchitecture, vendor, GPU."""

    families: Words | None = None
    sizes: Words | None = None
    machine_types: Words | None = None
    microarchitectures: Words | None = None
    vendors: Vendors | None = None
    architectures: Architectures | None = None
    gpus: Gpus | None = None
    max_price: MaxPrice | None = None
    regions: Words | None = None
    spot: bool = False


class Aws(Cloud):
    """EC2 instances."""

    provider: Literal["aws"]


class Gcp(Cloud):
    """Compute Engine machines, each optionally with a CPU platform and a GPU."""

    provider: Literal["gcp"]
    cpu_platforms: Words | None = None
    zones: Words | None = None


def _host_key(written: str) -> str:
    return " ".join(parse_key(written))


def _no_option(word: str) -> str:
    # We hand it to no ssh; people do, who copy it from a message.
    if not word.isprintable() or not word or word.startswith("-") or " " in word:
        raise ValueError("a name has no spaces or control characters and starts with no '-'")
    return word


HostWord = Annotated[str, AfterValidator(_no_option)]
"""What may stand in ``ssh user@address``."""


class Host(Strict):
    """A computer reached by SSH."""

    name: HostWord
    address: HostWord | None = None
    """Where it differs from the name."""
    user: HostWord | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    identity: str | None = None
    """File of the private key; without it the agent's and the user's own keys are tried."""
    known_hosts: str | None = None
    """File that its host key is looked up in, instead of the user's own."""
    host_key: Annotated[str, AfterValidator(_host_key)] | None = None
    """``ssh-ed25519 AAAA…``: the only host key it may have, whatever files say."""
    jump: str | None = None
    """Through which host: ``user@address:port``, or the name of another host in the list."""
    isolation: Literal["auto", "docker", "process"] = "auto"
    python: str | None = None
    """Its interpreter for isolation ``process``, where that is not ``python3``."""


class Ssh(Strict):
    """Computers that are there already: a file that lists them, or the list."""

    provider: Literal["ssh"]
    hosts: str | list[str | Host]


PlatformEntry = Annotated[
    Local | Mask | Emulated | Aws | Gcp | Ssh, Field(discriminator="provider")
]
