"""A provider in memory, with a clock that may be simulated.

It has the properties that matter to a fleet: calls and boots take time, launches are throttled by
a token bucket per region as at EC2, tokens are idempotent, and faults can be scripted.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.fleet.clock import Clock
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import (
    Address,
    Finding,
    Machine,
    Offer,
    Order,
    ProviderError,
    ProviderErrorKind,
)


@dataclass(frozen=True)
class Fault:
    """One call that fails. ``after``: it takes effect nevertheless, so only its reply is lost."""

    kind: ProviderErrorKind
    after: bool = False
    retry_after: float | None = None


@dataclass
class Bucket:
    """A token bucket: ``size`` calls at once, then ``rate`` per second."""

    size: float
    rate: float
    level: float = field(init=False)
    filled: float = float("-inf")

    def __post_init__(self) -> None:
        self.level = self.size

    def take(self, now: float) -> bool:
        if now > self.filled:
            self.level = min(self.size, self.level + (now - self.filled) * self.rate)
            self.filled = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class SyntheticProvider:
    """A provider. ``boot``: seconds that a platform needs to boot; ``call_seconds``: of each call.

    ``script`` has faults by (operation, region), each used once and in order. ``visible`` is the
    number of seconds after which ``find`` lists a new machine.
    """

    def __init__(
        self,
        clock: Clock,
        offers: Callable[[Platform], Sequence[Offer]] | Sequence[Offer],
        *,
        boot: Callable[[Platform], float] = lambda _: 30.0,
        call_seconds: float = 0.5,
        bucket: Callable[[], Bucket] | None = None,
        script: dict[tuple[str, str | None], list[Fault]] | None = None,
        visible: float = 0.0,
    ) -> None:
        self._clock = clock
        self._places = offers
        self._boot = boot
        self._call_seconds = call_seconds
        self._bucket = bucket
        self._buckets: dict[str | None, Bucket] = {}
        self.script = {key: list(faults) for key, faults in (script or {}).items()}
        self._visible = visible
        self._lock = threading.Lock()
        self.alive: dict[str, Machine] = {}
        self.made: list[Machine] = []
        self.orders: list[Order] = []
        self.tidied: list[str] = []
        self.throttled = 0
        self.most = 0
        """The largest number of machines that existed at one time."""

    def offers(self, platform: Platform) -> Sequence[Offer]:
        return self._places(platform) if callable(self._places) else self._places

    def launch(self, order: Order) -> Machine:
        fault = self._begin("launch", order.offer.region)
        with self._lock:
            self.orders.append(order)
            if self._bucket is not None:
                bucket = self._buckets.setdefault(order.offer.region, self._bucket())
                if not bucket.take(self._clock.now()):
                    self.throttled += 1
                    raise ProviderError(ProviderErrorKind.THROTTLED, "RequestLimitExceeded")
            if fault is not None and not fault.after:
                raise _refusal(fault)
            machine = next((m for m in self.alive.values() if m.token == order.token), None)
            if machine is None:
                machine = Machine(
                    f"m-{len(self.made):05}",
                    order.platform,
                    offer=order.offer,
                    run=order.run,
                    token=order.token,
                    owner=order.owner,
                    expires=order.expires,
                    launched=self._clock.now(),
                )
                self.made.append(machine)
                self.alive[machine.id] = machine
                self.most = max(self.most, len(self.alive))
            if fault is not None:
                raise _refusal(fault)
            return machine

    def wait(self, machine: Machine) -> Machine:
        fault = self._begin("wait", machine.offer.region)
        self._clock.sleep(self._boot(machine.platform))
        if fault is not None:
            raise _refusal(fault)
        return replace(machine, address=Address("192.0.2.1"))

    def release(self, machine: Machine) -> None:
        fault = self._begin("release", machine.offer.region)
        if fault is not None and not fault.after:
            raise _refusal(fault)
        with self._lock:
            self.alive.pop(machine.id, None)
        if fault is not None:
            raise _refusal(fault)

    def find(self, run: str | None = None) -> Sequence[Machine]:
        fault = self._begin("find", None)
        if fault is not None:
            raise _refusal(fault)
        now = self._clock.now()
        with self._lock:
            return tuple(
                m
                for m in self.alive.values()
                if run in (None, m.run) and now - (m.launched or 0.0) >= self._visible
            )

    def delete_shared(self, run: str) -> None:
        fault = self._begin("tidy", None)
        if fault is not None:
            raise _refusal(fault)
        self.tidied.append(run)

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:  # noqa: ARG002 - contract
        return ()

    def _begin(self, operation: str, region: str | None) -> Fault | None:
        self._clock.sleep(self._call_seconds)
        with self._lock:
            faults = self.script.get((operation, region))
            return faults.pop(0) if faults else None


def _refusal(fault: Fault) -> ProviderError:
    return ProviderError(fault.kind, f"scripted {fault.kind.value}", retry_after=fault.retry_after)


def drawn(seed: int, name: str, low: float, high: float) -> float:
    """A number between ``low`` and ``high`` that depends on ``seed`` and ``name`` only."""
    return random.Random(f"{seed}/{name}").uniform(low, high)
