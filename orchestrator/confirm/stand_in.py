"""The cell that stands in for a platform with some changes made, and the class that it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orchestrator.confirm.bisect import Outcome, State
from orchestrator.confirm.hypotheses import Pair
from orchestrator.confirm.interventions import Attributes, Change, Means, Way
from orchestrator.confirm.presenting import REPLACED, Presenter, changed
from orchestrator.confirm.verdicts import OTHER
from orchestrator.cpuid.table import SIGNATURE, CpuidTable
from orchestrator.model.experiment import Cell, Keep, Observe, Platform, Scalar, Variant, pairs
from orchestrator.results.explanation import AttributeValue, Explanation, Kind
from orchestrator.results.record import Observation

LOCAL = Platform("local", "local")
_OF_CPU = (Means.CPUID, Means.EMULATED)
_UNSET = "unset"


@dataclass(frozen=True, eq=False)
class StandIns:
    """What stands in for the platforms of one explanation."""

    attributes: Mapping[str, Attributes]
    cells: Mapping[str, Cell]
    """By platform (or member), the cell that was observed on it."""
    tables: Mapping[str, CpuidTable]
    """By platform, its CPU; none for what is not known or no x86-64."""
    lacks: Mapping[str, frozenset[str]]
    """By platform, the flags of its CPU that cannot be presented here."""
    presenter: Presenter | None
    cores: int | None
    """Of this computer."""
    is_here: Callable[[str], bool]
    """Whether a provider's machines are this computer."""

    def lacked(self, before: str, after: str) -> frozenset[str]:
        """Flags that neither end of a way can be presented with."""
        none: frozenset[str] = frozenset()
        return self.lacks.get(before, none) | self.lacks.get(after, none)

    def cell(self, pair: Pair, way: Way, state: State) -> Cell:
        """The cell of ``pair.before`` with the changes in ``state`` made."""
        base = self.cells[pair.before]
        observe = Observe(sessions=1, mode=base.observe.mode, keep=Keep.NONE)
        made = [way.change(name) for name in sorted(state)]
        return Cell(
            self._platform(base, pair, way, made),
            base.workload,
            base.input,
            self._variant(base.variant, pair, way, state),
            observe,
        )

    def _platform(self, base: Cell, pair: Pair, way: Way, made: list[Change]) -> Platform:
        table = self.tables.get(pair.before)
        of_cpu = any(change.means in _OF_CPU for change in way.changes)
        if not of_cpu and self.is_here(base.platform.provider):
            # A mask is its variables, which the variant has then.
            return LOCAL if base.platform.provider == "mask" else base.platform
        if self.presenter is None or table is None:
            return LOCAL
        table = table.without(self.lacked(pair.before, pair.after) & table.flags)
        cpu = [change for change in made if change.means in _OF_CPU]
        flags = [change for change in cpu if change.kind is Kind.FLAG]
        return self.presenter.platform(
            changed(
                table,
                [change.name for change in flags if not change.after],
                [change.name for change in flags if change.after],
                self._values([c for c in cpu if c.kind is not Kind.FLAG], pair),
            )
        )

    def _values(self, made: list[Change], pair: Pair) -> dict[str, Scalar]:
        values: dict[str, Scalar] = {}
        for change in made:
            if change.name in REPLACED:
                values[REPLACED[change.name]] = change.after
            else:
                numbers = str(self.attributes[pair.after].get("CPU stepping") or "").split("/")
                if len(numbers) == len(SIGNATURE):
                    values |= dict(zip(SIGNATURE, map(int, numbers), strict=True))
        return values

    def _variant(self, variant: Variant, pair: Pair, way: Way, state: State) -> Variant:
        environment, flags = dict(variant.environment), dict(variant.flags)
        threads, batch = variant.threads, variant.batch
        if threads is None:
            threads = self._cores(pair)
        for change in way.changes:
            value = change.after if change.name in state else change.before
            sort, _, name = change.name.partition(" ")
            if change.means is Means.ENVIRONMENT:
                _put(environment, name, value)
            elif change.means is Means.THREADS:
                threads = value if isinstance(value, int) else None
            elif change.name == "batch":
                batch = value if isinstance(value, int) else None
            elif change.means is Means.SETTING and sort == "setting":
                _put(flags, name, value)
        return replace(
            variant,
            environment=pairs(environment),
            flags=pairs(flags),
            threads=threads,
            batch=batch,
        )

    def _cores(self, pair: Pair) -> int | None:
        """Threads for a platform of other cores than this computer has."""
        known = self.attributes[pair.before]
        found = known.get("usable cores") or known.get("cores")
        return found if isinstance(found, int) and found != self.cores else None


def class_of(explanation: Explanation, pair: Pair, observed: Observation, base: Cell) -> Outcome:
    """The class of what was observed, by all outputs of the base's computation."""
    labels = base.workload.label, base.input.label
    digests = {output.name: output.digest for output in observed.outputs}
    numbers = set()
    ids = []
    for place, partition in enumerate(explanation.partitions):
        if (partition.workload, partition.input) != labels or partition.output not in digests:
            continue
        found = digests[partition.output][:12]
        ids.append(found)
        known = [
            group.number
            for group in explanation.classes
            if explanation.class_id(group.number, place) == found
        ]
        numbers.add(known[0] if known else None)
    if not ids:
        return Outcome(None, f"no output of {pair.before} is among what was computed")
    number = next(iter(numbers))
    if len(numbers) == 1 and number is not None:
        return Outcome(str(number))
    return Outcome(f"{OTHER} {' '.join(ids)}")


def _put(values: dict[str, Scalar], name: str, value: AttributeValue) -> None:
    if value == _UNSET or value is None:
        values.pop(name, None)
    else:
        values[name] = value
