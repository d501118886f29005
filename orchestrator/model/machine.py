"""The interface of providers and its types: offers, orders, machines, errors.

Standard library only. Providers make machines; SSH and executors use machines; neither imports the
other. These types are all that they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orchestrator.model.experiment import (
    Isolation,
    Pairs,
    Platform,
    PlatformPlacement,
    Reason,
    content_id,
)


@dataclass(frozen=True)
class Offer:
    """Where and on which terms a provider may give a machine: one place to send an order to."""

    region: str | None = None
    zone: str | None = None
    """``None``: any zone of the region."""
    machine_type: str | None = None
    """The provider's name of the hardware; ``None`` where machines are not rented by type."""
    spot: bool = False
    price_per_hour: float | None = None
    """US dollars; ``None``: not known, which is not the same as 0."""

    @property
    def label(self) -> str:
        """For messages: ``m5.large in us-east-1b, spot``."""
        where = self.zone or self.region or "here"
        what = f"{self.machine_type} in {where}" if self.machine_type else where
        return f"{what}, spot" if self.spot else what


@dataclass(frozen=True)
class HostKey:
    """An SSH host key made before its machine is ordered."""

    public: str
    """``ssh-ed25519 AAAA…``, without a comment."""
    private: str = field(repr=False)
    """OpenSSH PEM. Sent in user data or metadata only; never logged, never stored."""


@dataclass(frozen=True)
class Order:
    """Everything that a provider needs to launch one machine for one platform."""

    run: str
    """The run's tag, unique over all stores: at most 40 letters, digits and ``-``."""
    platform: Platform
    attempt: int = 0
    offer: Offer = Offer()
    owner: str = ""
    expires: float = 0.0
    """Unix seconds. The machine ends itself then, also if this program is gone."""
    login_key: str = ""
    """The public key that may log in: ``ssh-ed25519 AAAA…``."""
    host_key: HostKey | None = None

    @property
    def token(self) -> str:
        """Idempotency token: 16 hex digits derived from run, platform and attempt only."""
        return content_id(["order", self.run, self.platform.id, self.attempt])


@dataclass(frozen=True)
class Address:
    """How to reach a machine by SSH. Contains no secret, only paths of files with secrets."""

    host: str
    port: int = 22
    user: str | None = None
    host_key: str | None = None
    """``ssh-ed25519 AAAA…``, given by the user or the order; ``None``: ``known_hosts`` decides."""
    known_hosts: tuple[str, ...] = ()
    """Paths of known_hosts files; empty: the user's own and the system's."""
    host_key_alias: str | None = None
    """The host's name in those files; ``None``: that of host and port."""
    identities: tuple[str, ...] = ()
    """Paths of private keys; empty: the SSH agent's and the user's default keys."""
    jump: Address | None = None
    """The host to connect through."""


@dataclass(frozen=True)
class SshHost:
    """A host as an experiment names it, as after ``ssh``.

    What is ``None`` the user's SSH configuration may say; what it says neither has OpenSSH's
    default. ``orchestrator.ssh.config`` makes an ``Address`` of it when the host is to be reached.
    """

    name: str
    port: int | None = None
    user: str | None = None
    host_key: str | None = None
    """The only key it may have, whatever files say."""
    known_hosts: str | None = None
    identity: str | None = None
    jump: SshHost | None = None


@dataclass(frozen=True)
class SshPlacement(PlatformPlacement):
    """A computer that is there already, reached by SSH."""

    host: SshHost
    isolation: Isolation = Isolation.AUTO
    """``AUTO``: as the run says."""
    python: str = "python3"
    """Its interpreter for isolation ``process``."""


@dataclass(frozen=True)
class CloudPlacement(PlatformPlacement):
    """A machine that is rented."""

    regions: tuple[str, ...] = ()
    """None given: the usual ones, as with zones."""
    zones: tuple[str, ...] = ()
    spot: bool = False
    """Also spot machines, and these first."""
    max_price: float | None = None
    """US dollars per hour; ``None``: any."""


@dataclass(frozen=True)
class Presented:
    """What a computer answers to CPUID in place of its own processor."""

    name: str
    """Of the platform, less its provider: ``Haswell``; ``this,-avx512f``."""
    leaves: tuple[tuple[str, tuple[str, str, str, str]], ...]
    """(``0x<leaf>.<subleaf>``, eax, ebx, ecx, edx in hexadecimal); one that is not there is 0."""
    xcr0: str
    """What XGETBV answers, in hexadecimal."""
    assumed: tuple[str, ...] = ()
    """What of it was not recorded, and what it is taken for: ``l2 512 KiB as QEMU's EPYC``."""


@dataclass(frozen=True)
class RecordedCpu(PlatformPlacement):
    """A CPU that was recorded somewhere: what this computer is presented as, before changes."""

    presented: Presented


@dataclass(frozen=True)
class Machine:
    """Hardware that was obtained for a platform."""

    id: str
    """The provider's own id (``i-0abc…``), or one derived from the platform."""
    platform: Platform
    architecture: str = "x86_64"
    """``x86_64`` or ``arm64``; selects the image."""
    launcher: tuple[str, ...] = ()
    """Put in front of every command of the runner, e.g. an emulator and its CPU model."""
    emulated: str | None = None
    """The emulated CPU model."""
    masked: str | None = None
    """The instruction set level that frameworks are limited to."""
    presented: Presented | None = None
    """The CPU that programs on it see by CPUID; ``None``: its own."""
    rehearsal: bool = False
    """Whether it only stands in for the hardware asked for; its records are marked so."""
    environments: tuple[tuple[str, Pairs], ...] | None = None
    """(framework, variables that the platform sets for it); ``None``: none, for any framework."""
    address: Address | None = None
    """``None``: this computer, or a machine that is not reachable yet (see ``Provider.wait``)."""
    offer: Offer = Offer()
    run: str | None = None
    """The run's tag as found on the machine, like ``token``, ``owner`` and ``expires`` (Unix
    seconds)."""
    token: str | None = None
    owner: str | None = None
    expires: float | None = None
    launched: float | None = None
    """Unix seconds, by the provider's clock."""

    def environment(self, framework: str) -> Pairs | None:
        """The variables set for ``framework``; ``None``: the platform is not possible with it."""
        if self.environments is None:
            return ()
        return dict(self.environments).get(framework)


class Unavailable(Exception):  # noqa: N818 - a value more than an error: it becomes a row
    """There is no machine for a platform; ``reason`` becomes a ``skipped`` row."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


class ProviderErrorKind(StrEnum):
    """Why a provider gave no machine, and what the fleet does then."""

    CAPACITY = "no-capacity"
    """No machine of the type is free there: try the next offer."""
    QUOTA = "over-quota"
    """Our quota there is used up: try the next region, or the other of spot and on demand."""
    THROTTLED = "throttled"
    """Too many calls: send the same order again, later and more slowly."""
    UNCERTAIN = "uncertain"
    """No answer, or a server error: the order may have gone through. Send it again (same token)."""
    GONE = "gone"
    """The machine has ended (spot reclaim, ended by somebody): make a new attempt."""
    UNREACHABLE = "unreachable"
    """The machine did not come up in its time: release it, make a new attempt."""
    DENIED = "denied"
    """Credentials or permissions are missing: no further order at this provider in this run."""
    INVALID = "invalid"
    """The request itself is wrong (no such type, no such image): do not repeat it there."""


class ProviderError(Unavailable):
    """A provider's error, translated where it came in; ``__cause__`` is the SDK's own error."""

    def __init__(
        self, kind: ProviderErrorKind, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(kind.value, message)
        self.kind = kind
        self.retry_after = retry_after
        """Seconds that the provider asks to wait; ``None``: it gave none."""


class Rejected(Unavailable):
    """The machine is not the hardware asked for: it is released and another one tried."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code, reason.message)
        self.reason = reason


class Lost(Unavailable):
    """The machine stopped answering before its work was done: release it, try another one."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code, reason.message)
        self.reason = reason


class Level(StrEnum):
    """How bad a finding of ``doctor`` is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """The result of one check of ``doctor``."""

    subject: str
    """E.g. ``aws us-east-1 permission ec2:RunInstances``."""
    level: Level
    message: str
    """What was found and, unless it is fine, what to do."""


class Provider(Protocol):
    """Makes machines. Every provider passes the tests in ``tests/contract``."""

    def offers(self, platform: Platform) -> Sequence[Offer]:
        """The offers for a platform, best first (by price, unknown prices last).

        Raises ``Unavailable`` where there is none.
        """
        ...

    def launch(self, order: Order) -> Machine:
        """Send the order and return at once, with the machine's id.

        The same order again gives the same machine, never a second one. Raises ``ProviderError``,
        or ``Unavailable`` where the provider has no such platform; then no machine was made,
        except possibly after ``ProviderErrorKind.UNCERTAIN``.
        """
        ...

    def wait(self, machine: Machine) -> Machine:
        """Wait until the machine is up; a copy of it with its address.

        Raises ``ProviderError``: ``UNREACHABLE`` after the provider's own time limit for booting,
        ``GONE`` where the machine has ended. It does not try SSH.
        """
        ...

    def release(self, machine: Machine) -> None:
        """End the machine; returns when the provider confirms it. Idempotent.

        Success where it has ended already. Raises ``ProviderError`` without a confirmation.
        """
        ...

    def find(self, run: str | None = None) -> Sequence[Machine]:
        """Machines that are up, found by their tags in all regions: of a run, or of all runs.

        Needs no local state. Raises ``ProviderError`` where a region does not answer.
        """
        ...

    def delete_shared(self, run: str) -> None:
        """Remove what the run's machines shared (keys, firewall rules), after their release.

        Idempotent; success where there is nothing. Raises ``ProviderError`` where something could
        not be removed.
        """
        ...

    def list_shared(self, owner: str | None = None) -> Sequence[str]:
        """Tags of the runs for which ``delete_shared`` would remove something.

        ``owner``: only this person's runs; ``None``: everybody's. Searches all regions and needs no
        local state. Raises ``ProviderError``.
        """
        ...

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        """Check credentials, permissions (by dry-run calls) and quotas for ``platforms``."""
        ...
