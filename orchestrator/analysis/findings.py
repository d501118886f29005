"""Everything the tables are made of, each part computed when it is first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator.analysis.classes.consequences import Tensors, consequences
from orchestrator.analysis.explain.explain import explain
from orchestrator.analysis.hardware.attributes import AttributeTable, attribute_table
from orchestrator.analysis.hardware.core_counts import HardwarePoint, hardware_points
from orchestrator.analysis.hardware.order import in_table_order, table_order
from orchestrator.analysis.hardware.platforms import Fingerprints, generation
from orchestrator.analysis.layers.details import layer_details
from orchestrator.analysis.observations.table import Observations, observations_table
from orchestrator.analysis.summary import summarise_table
from orchestrator.results.consequences import Consequences
from orchestrator.results.explanation import Explanation
from orchestrator.results.fingerprint import UNKNOWN
from orchestrator.results.layers import LayerDetails
from orchestrator.results.partitions import Planned, Summary
from orchestrator.results.record import Observation


@dataclass(frozen=True, eq=False)
class Findings:
    """The observations of a store, or a part of one, and what follows from them.

    ``tensors`` gives stored tensors by digest; without it what needs them says so. Raises
    ``ConflictError`` at first use where one session is recorded twice with other bits.
    """

    records: Sequence[Observation]
    fingerprints: Fingerprints
    planned: Sequence[Planned] = ()
    tensors: Tensors | None = None
    strict: bool = False

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All platforms as the tables list them: in the plan's order, then by hardware."""
        return table_order(self.records, self.planned, self.fingerprints)

    @cached_property
    def ordered(self) -> list[Observation]:
        """The records by platform, in that order."""
        return in_table_order(self.records, self.order)

    @cached_property
    def observations(self) -> Observations:
        """The records as tables."""
        return observations_table(self.records, self.planned, self.order)

    @cached_property
    def summary(self) -> Summary:
        """Partitions, class table, determinism, layer profiles, platforms."""
        return summarise_table(
            self.observations, self.planned, self.fingerprints, strict=self.strict
        )

    @cached_property
    def attributes(self) -> AttributeTable:
        """Platforms x attributes, in the order of the class table."""
        return attribute_table(self.ordered, self.fingerprints)

    @cached_property
    def generations(self) -> dict[str, str]:
        """The microarchitecture of each platform for which it is known."""
        known = {
            info.name: generation(self.fingerprints.get(info.fingerprints[0], UNKNOWN))
            for info in self.summary.platforms
            if info.fingerprints
        }
        return {name: found for name, found in known.items() if found is not None}

    @cached_property
    def points(self) -> dict[str, HardwarePoint]:
        """Cores, generation and vendor of each platform; a masked one is of a kind of its own."""
        masked = {info.name: info.masked for info in self.summary.platforms if info.masked}
        kinds = {
            name: f"{found}, masked {masked[name]}" if name in masked else found
            for name, found in self.generations.items()
        }
        return hardware_points(self.summary.platforms, self.fingerprints, kinds)

    @cached_property
    def explanations(self) -> tuple[Explanation, ...]:
        """Why the classes are what they are, and who is the odd one out."""
        return explain(self.ordered, self.fingerprints)

    @cached_property
    def consequences(self) -> tuple[Consequences, ...]:
        """How far apart the classes are, partition by partition."""
        return consequences(self.summary.partitions, self.tensors or _no_tensor)

    @cached_property
    def layer_details(self) -> tuple[LayerDetails, ...]:
        """What each layer does to precision, and how many of its elements deviate."""
        return layer_details(self.observations, self.tensors)


def _no_tensor(_: str) -> None:
    return None
