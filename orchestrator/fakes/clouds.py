"""The fake clouds and SSH hosts that a plan needs, for as long as the plan runs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import docker

from orchestrator.fakes import sshd
from orchestrator.fakes.aws.server import serving as serving_aws
from orchestrator.fakes.gcp.server import serving as serving_gcp
from orchestrator.images import connect
from orchestrator.model.experiment import Cell, Plan, Platform
from orchestrator.model.machine import SshHost, SshPlacement
from orchestrator.ssh.login_keys import forget, login_key


@contextmanager
def played(plan: Plan) -> Iterator[Plan]:
    """``plan`` with the addresses of fake SSH hosts.

    Fakes of EC2 and Compute Engine are set in this process's environment variables. Leaving the
    context ends all fakes and restores the variables.
    """
    providers = {platform.provider for platform in plan.experiment.platforms}
    with ExitStack() as stack:
        if "aws" in providers:
            stack.enter_context(
                _environment(stack.enter_context(serving_aws(containers=True)).environment)
            )
        if "gcp" in providers:
            stack.enter_context(
                _environment(stack.enter_context(serving_gcp(containers=True)).environment)
            )
        hosts: dict[str, Platform] = {}
        if "ssh" in providers:
            client = stack.enter_context(_client())
            for platform in plan.experiment.platforms:
                if platform.provider == "ssh":
                    hosts[platform.id] = stack.enter_context(_host(client, platform))
        yield _moved(plan, hosts)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _client() -> Iterator[docker.DockerClient]:
    client = connect()
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _host(client: docker.DockerClient, platform: Platform) -> Iterator[Platform]:
    """The platform with the address of a new fake host."""
    tag = f"host-{secrets.token_hex(4)}"
    key = login_key(tag)
    try:
        host, port, public = sshd.machine(client, name=tag, public_key=key.public)
        there = SshHost(host, port, sshd.USER, host_key=public, identity=str(key.path))
        yield replace(platform, placement=SshPlacement(there))
    finally:
        sshd.remove(client, tag)
        forget(tag)


def _moved(plan: Plan, hosts: Mapping[str, Platform]) -> Plan:
    """The plan on ``hosts``. Ids do not change: an address is no part of them."""
    platforms = tuple(hosts.get(p.id, p) for p in plan.experiment.platforms)
    cells: list[Cell] = [
        replace(cell, platform=hosts.get(cell.platform.id, cell.platform)) for cell in plan.cells
    ]
    return Plan(replace(plan.experiment, platforms=platforms), tuple(cells))
