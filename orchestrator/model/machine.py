"""What is asked of providers and what they give back: orders, machines, refusals, and where.

Standard library only. Providers make machines and know nothing of shells; shells talk to machines
and know nothing of providers; the fleet brings them together. These values are all they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orchestrator.model.experiment import Pairs, Platform, Reason, content_id


@dataclass(frozen=True)
class Offer:
    """Where, and on what terms, a machine may be had. Never what hardware it is."""

    region: str | None = None
    zone: str | None = None
    """``None``: any zone of the region."""
    machine_type: str | None = None
    """What the provider calls the hardware here; ``None`` where it is not bought by type."""
    spot: bool = False
    price_per_hour: float | None = None
    """US dollars; ``None`` where no price is known, which is never the same as 0."""

    @property
    def label(self) -> str:
        """What people see: ``m5.large in us-east-1b, spot``."""
        where = self.zone or self.region or "here"
        what = f"{self.machine_type} in {where}" if self.machine_type else where
        return f"{what}, spot" if self.spot else what


@dataclass(frozen=True)
class HostKey:
    """An SSH host key made before the machine that will have it."""

    public: str
    """``ssh-ed25519 AAAA…``, without a comment."""
    private: str = field(repr=False)
    """OpenSSH PEM. Goes into user data or metadata only; never logged, never stored."""


@dataclass(frozen=True)
class Order:
    """One machine for one platform in one place: everything a provider needs to launch it."""

    run: str
    """The run's tag: unique over all stores, letters, digits and ``-`` only, at most 40."""
    platform: Platform
    attempt: int = 0
    offer: Offer = Offer()
    owner: str = ""
    expires: float = 0.0
    """Unix seconds. The machine ends itself then, whatever happens to us."""
    login_key: str = ""
    """The public key that may log in: ``ssh-ed25519 AAAA…``."""
    host_key: HostKey | None = None

    @property
    def token(self) -> str:
        """Idempotency token: 16 hex digits of (run, platform, attempt), nothing else."""
        return content_id(["order", self.run, self.platform.id, self.attempt])


@dataclass(frozen=True)
class Address:
    """How to reach a machine by SSH. Holds no secret, only where secrets are."""

    host: str
    port: int = 22
    user: str | None = None
    host_key: str | None = None
    """``ssh-ed25519 AAAA…``, known out of band; ``None``: only ``known_hosts`` decides."""
    known_hosts: str | None = None
    """Path of a known_hosts file; ``None``: the user's own."""
    identity: str | None = None
    """Path of the private key; ``None``: agent and the user's default keys."""
    jump: Address | None = None
    """Through which host to connect."""


@dataclass(frozen=True)
class Machine:
    """Hardware that was obtained for a platform."""

    id: str
    """The provider's own id (``i-0abc…``), or one derived from the platform."""
    platform: Platform
    architecture: str = "x86_64"
    """``x86_64`` or ``arm64``: which image it needs."""
    launcher: tuple[str, ...] = ()
    """Put in front of every process of the runner, e.g. an emulator and its CPU model."""
    emulated: str | None = None
    masked: str | None = None
    rehearsal: bool = False
    """It only plays the machine that was asked for; every row says so."""
    environments: tuple[tuple[str, Pairs], ...] | None = None
    """Per framework, what the platform sets; ``None``: nothing, any framework will do."""
    address: Address | None = None
    """``None``: this computer, or a machine that is not reachable yet (see ``Provider.wait``)."""
    offer: Offer = Offer()
    run: str | None = None
    """Tags as found on the machine: the run, the order's token, the owner, the expiry."""
    token: str | None = None
    owner: str | None = None
    expires: float | None = None
    launched: float | None = None
    """Unix seconds, by the provider's clock."""

    def environment(self, framework: str) -> Pairs | None:
        """What this platform sets for ``framework``; ``None``: it cannot be had for it."""
        if self.environments is None:
            return ()
        return dict(self.environments).get(framework)


class Unavailable(Exception):  # noqa: N818 - a value more than an error: it becomes a row
    """A platform that cannot be had here; ``reason`` becomes a ``skipped`` row."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


class ProviderErrorKind(StrEnum):
    """Why a provider gave no machine, named by what the fleet does about it."""

    CAPACITY = "no-capacity"
    """None left there: the next place."""
    QUOTA = "over-quota"
    """Ours is used up there: the next region (or spot ↔ on-demand), whose quota is its own."""
    THROTTLED = "throttled"
    """Too many calls: the same order again, later and more slowly."""
    UNCERTAIN = "uncertain"
    """No answer, or a server error: it may have gone through. The same order (token) again."""
    GONE = "gone"
    """It was there and is not any more (spot reclaim, ended from outside): a new attempt."""
    UNREACHABLE = "unreachable"
    """Never became usable in its time: released, then a new attempt."""
    DENIED = "denied"
    """Credentials or permissions: nothing more of this provider in this run."""
    INVALID = "invalid"
    """The request itself is wrong (no such type, no such image): never again like this."""


class ProviderError(Unavailable):
    """A provider's ``no``, translated at its edge; ``__cause__`` is the SDK's own error."""

    def __init__(
        self, kind: ProviderErrorKind, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(kind.value, message)
        self.kind = kind
        self.retry_after = retry_after
        """Seconds, where the provider said so."""


class Rejected(Unavailable):
    """A machine that is not what was asked for: released, and another one tried."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code, reason.message)
        self.reason = reason


class Lost(Unavailable):
    """A machine that went away before its work was done: released, and another one tried."""

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
    """One thing that ``doctor`` looked at."""

    subject: str
    """E.g. ``aws us-east-1 permission ec2:RunInstances``."""
    level: Level
    message: str
    """What was found and, unless it is fine, what to do."""


class Provider(Protocol):
    """Makes machines. One contract suite (``tests/contract``) holds for every provider."""

    def offers(self, platform: Platform) -> Sequence[Offer]:
        """Where the platform may be had, best first (by price, unknown prices last).

        Raises ``Unavailable`` where there is none.
        """
        ...

    def launch(self, order: Order) -> Machine:
        """Ask for the machine and return at once, with its id.

        The same order again gives the same machine, never a second one. Raises ``ProviderError``,
        or ``Unavailable`` where the platform cannot be had here at all; then nothing was made,
        except after ``ProviderErrorKind.UNCERTAIN``.
        """
        ...

    def wait(self, machine: Machine) -> Machine:
        """Until the machine is up; a copy that knows its address. Raises ``ProviderError``.

        Gives up after the provider's own time for booting (``UNREACHABLE``) or when the machine is
        gone (``GONE``). Knows nothing of SSH: whether it answers is the shell's to find out.
        """
        ...

    def release(self, machine: Machine) -> None:
        """End the machine; returns when the provider confirms that it ends. Idempotent.

        Already gone is success. Raises ``ProviderError`` where that could not be confirmed.
        """
        ...

    def find(self, run: str | None = None) -> Sequence[Machine]:
        """What is alive, of a run or of all of ours: by tag, in all regions, without our state."""
        ...

    def delete_shared(self, run: str) -> None:
        """Remove what the run's machines shared (keys, firewall rules), once they are released.

        Idempotent; nothing there is success. Raises ``ProviderError`` where something could not be
        removed.
        """
        ...

    def list_shared(self, owner: str | None = None) -> Sequence[str]:
        """Tags of the runs, of ``owner`` or of anybody, of which shared things are left.

        Shared is what ``delete_shared`` removes. Looked for in all regions, without our own state.
        Raises ``ProviderError``.
        """
        ...

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        """Credentials, permissions (by dry-run calls), quotas against ``platforms``."""
        ...
