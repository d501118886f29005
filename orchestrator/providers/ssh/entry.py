"""What experiment files, and files of hosts, may say about computers reached by SSH."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from orchestrator.ssh.known_hosts import parse_key
from orchestrator.yaml_files.fields import Strict


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

    @property
    def given_port(self) -> int | None:
        """The port where one was written, also if it was 22."""
        return self.port if "port" in self.model_fields_set else None


class Ssh(Strict):
    """Computers that are there already: a file that lists them, or the list."""

    provider: Literal["ssh"]
    hosts: str | list[str | Host]
