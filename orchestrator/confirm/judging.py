"""With what each attribute can be changed on this computer, or why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.confirm.interventions import ONE_THING, Means
from orchestrator.confirm.presenting import Presenter
from orchestrator.cpuid.bits import flag_bits
from orchestrator.results.explanation import CHOICES, AttributeValue, Kind
from orchestrator.results.record import VariantRecord

_TOLD = ("L2 bytes", "L3 bytes", "CPU model", "CPU stepping")
"""Of what names a processor as a whole, what CPUID tells one by one."""
_KINDS: Mapping[Kind, str] = {
    Kind.SOFTWARE: "other software is another installation: vary `on` to try it",
    Kind.APPROXIMATION: "approximate instructions are the silicon's own, whatever CPUID answers",
    Kind.GPU: "no GPU can be presented as another",
}


def matters(name: str, kind: Kind) -> bool:
    """Whether a difference in it can be a cause, and not just names the platform."""
    return name in _TOLD if kind is Kind.IDENTITY else kind not in CHOICES


@dataclass(frozen=True, eq=False)
class Judging:
    """What can be changed between two platforms, ``lacked`` being the flags not to be had here."""

    presenter: Presenter | None
    """``None``: CPUs cannot be presented, for the reason ``why_no_cpu``."""
    variant: VariantRecord
    lacked: frozenset[str] = frozenset()
    host: str = "this CPU"
    why_no_cpu: str = ""

    def __call__(
        self,
        name: str,
        kind: Kind,
        before: AttributeValue,  # noqa: ARG002 - the protocol's
        after: AttributeValue,
    ) -> Means | str:
        """See ``interventions.Judge``."""
        if kind in (Kind.FLAG, Kind.VENDOR, Kind.CACHE, Kind.IDENTITY):
            return self._of_cpu(name, kind)
        if kind is Kind.CORES:
            if self.variant.threads is not None:
                return f"the variant asks for {self.variant.threads} threads, however many cores"
            return Means.THREADS if isinstance(after, int) else "it goes with the cores"
        if kind is Kind.ENVIRONMENT:
            return Means.ENVIRONMENT
        if kind is Kind.SETTING:
            return self._of_setting(name)
        return _KINDS.get(kind, "it cannot be changed here")

    def _of_cpu(self, name: str, kind: Kind) -> Means | str:
        if self.presenter is None:
            return self.why_no_cpu
        if kind is not Kind.FLAG:
            why = self.presenter.why_not(name)
            return self.presenter.means if why is None else why
        if name in ONE_THING:
            return f"the operating system saves it, for {ONE_THING[name]}"
        if name not in flag_bits():
            return "no bit of CPUID is known for it"
        if name in self.lacked:
            return f"{self.host} lacks it, or what it needs"
        return self.presenter.means

    def _of_setting(self, name: str) -> Means | str:
        if name == "threads asked for":
            return Means.THREADS
        if name == "masked":
            return "a mask is its variables, each of which is an attribute"
        if name == "batch" or name.startswith("setting "):
            return Means.SETTING
        return "with another it is another computation"
