"""Where a host is that an experiment names."""

from __future__ import annotations

from orchestrator.model.machine import Address, SshHost


def resolved(host: SshHost) -> Address:
    """Where ``host`` is and who logs in there: what it says, else OpenSSH's defaults."""
    return Address(
        host=host.name,
        port=host.port or 22,
        user=host.user,
        host_key=host.host_key,
        known_hosts=() if host.known_hosts is None else (host.known_hosts,),
        identities=() if host.identity is None else (host.identity,),
        jump=None if host.jump is None else resolved(host.jump),
    )
