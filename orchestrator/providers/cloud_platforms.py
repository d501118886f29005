"""An entry of a cloud → the platforms that it stands for, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from orchestrator import catalog
from orchestrator.model.experiment import Platform, Scalar, pairs
from orchestrator.model.machine import CloudPlacement, Unavailable
from orchestrator.providers.cloud_entry import Cloud
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.mistakes import nearest

Axis = list[dict[str, Scalar]]
_WHAT = ("families", "machine_types", "gpus", "microarchitectures", "vendors", "architectures")


@dataclass(frozen=True)
class CloudPlatforms:
    """Machines x microarchitectures or CPU platforms x GPUs: those of them that there are.

    Regions, zones, spot and price say where and how a machine is had; they are no part of it.
    """

    provider: str
    entry: Cloud
    place: EntryPlace
    cpu_platforms: Sequence[str] = ()
    zones: Sequence[str] = ()

    def resolve(self) -> list[Platform]:
        """The platforms; what is wrong is told at the entry's place."""
        before = self.place.found
        self._judge_keys()
        if not any(getattr(self.entry, key) for key in _WHAT):
            if not self.place.incomplete:
                what = ", ".join(_WHAT[:-1])
                text = f"{self.provider} needs at least one of the keys {what} and {_WHAT[-1]}"
                self.place.mistake(text)
            return []
        self._judge_words()
        if self.place.found > before:
            return []
        return self._possible([self._platform(parts) for parts in product(*self._axes())])

    def _judge_keys(self) -> None:
        entry, place = self.entry, self.place
        if entry.families and entry.machine_types:
            text = "families and machine_types are two ways to say one thing: use two entries"
            place.mistake(text, "machine_types", key=True)
        if entry.sizes and not (entry.families or entry.vendors or entry.architectures):
            place.mistake("sizes are sizes of families: name these too", "sizes", key=True)
        if self.cpu_platforms and entry.microarchitectures:
            text = "cpu_platforms and microarchitectures are two ways to say one thing"
            place.mistake(text, "cpu_platforms", key=True)

    def _judge_words(self) -> None:
        entry, provider = self.entry, self.provider
        types = catalog.machine_types(provider)
        marches = {march for each in types.values() for march in each.microarchitectures}
        self._judge("families", entry.families, catalog.families(provider), "family")
        self._judge("regions", entry.regions, catalog.regions(provider), "region")
        self._judge("microarchitectures", entry.microarchitectures, marches, "microarchitecture")
        platforms = catalog.cpu_platforms()
        self._judge("cpu_platforms", self.cpu_platforms, platforms, "CPU platform")
        for index, name in enumerate(entry.machine_types or ()):
            try:
                catalog.machine_type(provider, name)
            except Unavailable:
                hint = nearest(name, _like(name, types))
                text = f"unknown {provider} machine type '{name}'{hint}"
                self.place.mistake(text, "machine_types", index)
        self._judge_sizes()

    def _judge(
        self, key: str, given: Sequence[str] | None, known: Iterable[str], kind: str
    ) -> None:
        for index, name in enumerate(given or ()):
            if name not in known:
                self.place.mistake(f"unknown {kind} '{name}'{nearest(name, known)}", key, index)

    def _judge_sizes(self) -> None:
        """A size is wrong if none of the families has it; a family may lack one of another's."""
        families = self._families()
        types = catalog.machine_types(self.provider).values()
        known = {each.size for each in types if each.family in families}
        for index, size in enumerate(self.entry.sizes or ()):
            if families and known and size not in known:
                text = f"no size '{size}' in {', '.join(families[:5])}{nearest(size, known)}"
                self.place.mistake(text, "sizes", index)

    def _families(self) -> list[str]:
        """Families that were named, or that vendors and architectures stand for."""
        entry = self.entry
        if entry.families or entry.machine_types or entry.gpus or entry.microarchitectures:
            return [*entry.families] if entry.families else []
        types = catalog.machine_types(self.provider).values()
        found = catalog.select(
            types, vendors=entry.vendors or (), architectures=entry.architectures or ()
        )
        wanted = {each.family for each in found if each.gpu is None}
        return [family for family in catalog.families(self.provider) if family in wanted]

    def _axes(self) -> list[Axis]:
        entry, families = self.entry, self._families()
        types = catalog.machine_types(self.provider).values()
        sized = {(each.family, each.size): each.name for each in types}
        wanted = product(families, entry.sizes or ())
        names = [sized[pair] for pair in wanted if pair in sized] + [*(entry.machine_types or ())]
        axes: list[Axis] = [
            [{"machine_type": name} for name in names]
            or [{"family": family} for family in families],
            [{"microarchitecture": name} for name in entry.microarchitectures or ()],
            [{"cpu_platform": name} for name in self.cpu_platforms],
            [{"gpu": name} for name in entry.gpus or ()],
        ]
        return [axis for axis in axes if axis]

    def _platform(self, parts: Iterable[dict[str, Scalar]]) -> Platform:
        parameters = {key: value for part in parts for key, value in part.items()}
        name = "/".join([self.provider, *map(str, parameters.values())])
        placement = CloudPlacement(
            regions=tuple(self.entry.regions or ()),
            zones=tuple(self.zones),
            spot=self.entry.spot,
            max_price=self.entry.max_price,
        )
        return Platform(self.provider, name, pairs(parameters), placement)

    def _possible(self, platforms: list[Platform]) -> list[Platform]:
        """Those the catalogue has a machine for; none at all is a mistake.

        A combination that cannot be (a family that never has a microarchitecture) is left out, for
        lists are multiplied; one that stands alone is then a mistake.
        """
        possible = []
        reason = ""
        for platform in platforms:
            try:
                fitting = catalog.select(
                    catalog.candidates(platform),
                    vendors=self.entry.vendors or (),
                    architectures=self.entry.architectures or (),
                )
                if fitting:
                    catalog.offers(platform)
                    possible.append(platform)
                else:
                    reason = reason or f"{platform.name}: not of these vendors and architectures"
            except Unavailable as error:
                reason = reason or str(error)
        if not possible:
            self.place.mistake(f"no machine is like this: {reason}")
        return possible


def _like(name: str, types: Iterable[str]) -> list[str]:
    """Names to suggest: of the same family where there is one."""
    family = name.replace("-", ".").partition(".")[0]
    same = [each for each in types if each.replace("-", ".").partition(".")[0] == family]
    return same or list(types)
