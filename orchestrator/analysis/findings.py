"""The one place where results come from: each part computed when it is first asked for.

Terminal, page, tables, figures, ``eqc explain`` and ``api`` take what they show from here; what
they leave out is a choice of theirs, never another computation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from orchestrator.analysis.bounds import UNBOUNDED, Bounds
from orchestrator.analysis.classes.class_counts import class_counts
from orchestrator.analysis.classes.consequences import BudgetedTensors, Tensors, consequences
from orchestrator.analysis.classes.described import described
from orchestrator.analysis.classes.distance import with_distances
from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.explain.explain import Classes, explain
from orchestrator.analysis.explain.prediction import predictions
from orchestrator.analysis.hardware.approximation_notes import approximation_notes
from orchestrator.analysis.hardware.attributes import AttributeTable, attribute_table
from orchestrator.analysis.hardware.core_counts import (
    HardwarePoint,
    core_counts,
    hardware_points,
    thread_counts,
    threads_of_records,
)
from orchestrator.analysis.hardware.cpu_classes import cpu_classes
from orchestrator.analysis.hardware.flag_clusters import (
    FlagClusters,
    cluster_table,
    flag_clusters,
    flag_table,
)
from orchestrator.analysis.hardware.members import classes_by_platform
from orchestrator.analysis.hardware.order import SortKey, figure_order, in_table_order, table_order
from orchestrator.analysis.hardware.platforms import Fingerprints, gpu_generations
from orchestrator.analysis.layers.details import deviating_shares, effect_counts, layer_details
from orchestrator.analysis.layers.kernels import kernel_uses
from orchestrator.analysis.layers.model_size import (
    by_multiplications,
    multiplications_of,
    series_of,
)
from orchestrator.analysis.layers.profile import LayerGrid, layer_grids, layer_profiles
from orchestrator.analysis.observations.labels import Choice
from orchestrator.analysis.observations.members import on_platforms
from orchestrator.analysis.observations.software_names import names_by_variant
from orchestrator.analysis.observations.table import Observations, observations_table
from orchestrator.analysis.summary import summary_of
from orchestrator.results.comparison import BY_PLATFORM, NO_REMARKS, Noun, Remarks, noun_of
from orchestrator.results.confirmation import Confirmation, known_of
from orchestrator.results.consequences import Consequences
from orchestrator.results.details import Part
from orchestrator.results.explanation import ExplainedPartition, Explanation, Prediction
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.kernels import KernelUses
from orchestrator.results.layers import (
    CoreCounts,
    DeviatingShare,
    EffectCount,
    LayerDetails,
    SizeRow,
)
from orchestrator.results.partitions import ClassCounts, LayerProfile, Partition, Planned, Summary
from orchestrator.results.record import Observation
from orchestrator.system.counted import counted

EVERYTHING = Choice()


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
    """Platforms whose sessions disagree stand apart."""
    bounds: Bounds = UNBOUNDED
    software: Mapping[str, str] = field(default_factory=dict)
    """What to call each software, by its id in the records."""
    notes: tuple[str, ...] = ()
    """What the reader is to know of the choice of records."""
    compare: tuple[str, ...] = BY_PLATFORM
    """The axes along which ``records`` and ``planned`` are regrouped (``regrouped``)."""
    remarks: Remarks = NO_REMARKS
    """What was to be said of their outputs then (``comparable``)."""
    confirmations: Sequence[Confirmation] = ()
    """What experiments said of explanations, the oldest first."""

    @property
    def noun(self) -> Noun:
        """What texts call the members of a partition."""
        return noun_of(self.compare)

    # Records as tables

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

    # Classes

    @cached_property
    def partitions(self) -> tuple[Partition, ...]:
        """The classes of every (workload, input, variant, output), those only planned included."""
        found = partitions(
            self.observations, self.planned, strict=self.strict, remarks=self.remarks
        )
        names = self.software_by_variant
        return tuple(replace(one, computed_by=names.get(one.variant)) for one in found)

    @cached_property
    def software_by_variant(self) -> dict[str, str]:
        """What computed each variant, by its label, where that is known."""
        return names_by_variant(self.observations, self.software)

    @cached_property
    def summary(self) -> Summary:
        """Partitions, class table, determinism, layer profiles, platforms."""
        found = summary_of(
            self.observations,
            self.fingerprints,
            self.partitions,
            self.layers,
            strict=self.strict,
            compare=self.compare,
            by_platform=self._by_platform.observations,
            records=self.records,
        )
        warnings = approximation_notes(self.partitions, self.records, self.fingerprints)
        return replace(found, notes=(*self.notes, *found.notes, *warnings))

    @cached_property
    def figure_order(self) -> dict[str, SortKey]:
        """A sort key by platform, as on Figure 1's axis; a platform never observed has none."""
        return figure_order(self.records, self.fingerprints)

    @cached_property
    def class_counts(self) -> tuple[ClassCounts, ...]:
        """Classes among the first k platforms, by partitions that share platforms (Figure 1).

        None where other members than platforms are compared.
        """
        if self.compare != BY_PLATFORM:
            return ()
        summary = self.summary
        return class_counts(
            summary.partitions, summary.table.platforms, self.points, self.figure_order
        )

    @cached_property
    def consequences(self) -> tuple[Consequences, ...]:
        """How far apart the classes are, partition by partition.

        Ends before the first partition for which the bounds leave too few bytes.
        """
        several = (
            partition
            for partition in self.partitions
            if self.bounds.margins or len(partition.classes) > 1
        )
        return consequences(several, self._budgeted())

    @cached_property
    def described(self) -> tuple[Partition, ...]:
        """``partitions`` with what a baseline needs: settings, software, types and chains."""
        return described(self.partitions, self.observations, self.records)

    @cached_property
    def reported(self) -> Summary:
        """``summary`` of the partitions as ``described``, with how far their classes are apart,
        as far as the bounds allow."""
        measured, left = with_distances(self.described, self.consequences)
        notes = self.summary.notes
        if left:
            rest = counted(left, "partition")
            notes += (f"the classes of {rest} are not measured here: {_MEASURE_ALL}",)
        return replace(self.summary, partitions=measured, notes=notes)

    # Hardware

    @cached_property
    def attributes(self) -> AttributeTable:
        """Platforms x attributes, in the order of the class table.

        Also where other members are compared: hardware is that of platforms, each once.
        """
        return attribute_table(self._by_platform.ordered, self.fingerprints)

    @cached_property
    def classes_by_platform(self) -> tuple[Mapping[str, frozenset[int]], ...]:
        """By partition, the numbers of the classes that each platform has outputs in."""
        return classes_by_platform(self.partitions, self.records)

    @cached_property
    def generations(self) -> dict[str, str]:
        """The microarchitecture of each platform, or member, for which it is known."""
        known = {info.name: info.microarchitecture for info in self.summary.platforms}
        return {name: found for name, found in known.items() if found is not None}

    @cached_property
    def gpu_generations(self) -> dict[str, str | None]:
        """The generation of the first GPU of each platform that has one; ``None``: not known."""
        return gpu_generations(self.summary.platforms, self.fingerprints)

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
    def core_counts(self) -> tuple[CoreCounts, ...]:
        """How classes fall together as cores are added, by partition (Figure 2).

        None, nor by vendor, where other members than platforms are compared.
        """
        if self.compare != BY_PLATFORM:
            return ()
        return tuple(self._core_counts(partition) for partition in self.summary.partitions)

    @cached_property
    def core_counts_by_vendor(self) -> tuple[tuple[str | None, CoreCounts], ...]:
        """(vendor, its core counts) by partition; all under ``None`` where no vendor is known."""
        found = []
        for partition in self.summary.partitions if self.compare == BY_PLATFORM else ():
            names = (name for group in partition.classes for name in group.platforms)
            vendors = {self.points[name].vendor for name in names}
            known = sorted(vendor for vendor in vendors if vendor is not None)
            found += [(vendor, self._core_counts(partition, vendor)) for vendor in known or (None,)]
        return tuple(found)

    def thread_counts(self, points: Mapping[str, HardwarePoint]) -> tuple[CoreCounts, ...]:
        """As ``core_counts``, where the number of threads was varied.

        Platforms with a generation in ``points`` are grouped by it, each other stands for itself.
        None where other members than platforms are compared.
        """
        if self.compare != BY_PLATFORM:
            return ()
        return thread_counts(self.summary.partitions, threads_of_records(self.records), points)

    @cached_property
    def flag_clusters(self) -> FlagClusters:
        """CPU flags that always occur together."""
        return flag_clusters(self.attributes)

    @cached_property
    def flags(self) -> pd.DataFrame:
        """``flag`` and ``cluster``, its number or ``C``: every platform has it (Table SUP-3)."""
        return flag_table(self.flag_clusters)

    @cached_property
    def clusters_by_generation(self) -> pd.DataFrame:
        """Clusters x generations: all, none, or (``None``) some have them. Raises ``KeyError``."""
        return cluster_table(self.attributes, self.flag_clusters)

    @cached_property
    def cpu_classes(self) -> pd.DataFrame:
        """By platform: extensions, cores in bins, and the number of its CPU class."""
        return cpu_classes(self.attributes)

    # Layers and sizes of models

    @cached_property
    def layer_grids(self) -> tuple[LayerGrid, ...]:
        """The layers of each (workload, input, variant) that recorded them, by platform."""
        return layer_grids(self.observations)

    @cached_property
    def layers(self) -> tuple[LayerProfile, ...]:
        """Classes and remaining precision layer by layer (Figure 5)."""
        return layer_profiles(self.observations, self.layer_grids)

    @property
    def layer_details(self) -> tuple[LayerDetails, ...]:
        """What each layer does to precision, and how many of its elements deviate."""
        return self._layer_details[0]

    @property
    def layers_cut_short(self) -> bool:
        """Whether the bounds left too few bytes to read all tensors of ``layer_details``."""
        return self._layer_details[1]

    @cached_property
    def _layer_details(self) -> tuple[tuple[LayerDetails, ...], bool]:
        tensors = self._budgeted()
        return layer_details(self.observations, self.layer_grids, tensors), tensors.exhausted

    @cached_property
    def effect_counts(self) -> tuple[EffectCount, ...]:
        """How many activation layers raise, keep and lower precision (Table SUP-9)."""
        return effect_counts(self.layer_details)

    @cached_property
    def deviating_shares(self) -> tuple[DeviatingShare, ...]:
        """Deviating elements before and after each activation layer (Table SUP-8)."""
        return deviating_shares(self.layer_details)

    @cached_property
    def sizes(self) -> tuple[SizeRow, ...]:
        """Partitions by number of multiplications (Figure 4)."""
        return by_multiplications(self.summary.partitions, multiplications_of(self.records))

    @cached_property
    def series(self) -> dict[str, str]:
        """The line of Figure 4 that a workload, by its label, belongs to."""
        return series_of(self.records)

    @cached_property
    def kernels(self) -> KernelUses:
        """Which kernels ran, by platform and layer."""
        return kernel_uses(self.ordered)

    # Explanations

    def explained(
        self, choice: Choice = EVERYTHING, *, only_apart: bool = False
    ) -> Part[Explanation]:
        """Why the classes of what was chosen are what they are, and who is the odd one out.

        Partitions that part the same platforms alike share an explanation; with ``only_apart``
        those of less than two classes have none. Classes are numbered over the platforms chosen;
        if the summary is strict, they are those of the most frequent outputs instead.
        """
        found = explain(
            self.ordered,
            self.fingerprints,
            workload=choice.workload,
            input=choice.input,
            variant=choice.variant,
            platforms=choice.has_platform if choice.platforms else None,
            only_apart=only_apart,
            limits=self.bounds.search,
            known=None if self.strict else Classes(self.observations, self.partitions),
            remarks=self.remarks,
            noun=self.noun,
        )
        items = (
            replace(one, confirmation=known_of(one, self.confirmations)) for one in found.items
        )
        return replace(found, items=tuple(items)) if self.confirmations else found

    @cached_property
    def explanations(self) -> Part[Explanation]:
        """Those of all partitions with several classes."""
        found = self.explained(only_apart=True)
        return replace(found, notes=(*found.notes, _NOT_STRICT)) if self.strict else found

    def predictions(
        self, fingerprint: Fingerprint, choice: Choice = EVERYTHING
    ) -> Part[tuple[ExplainedPartition, Prediction]]:
        """Into which class a machine with this ``fingerprint`` should fall, by partition."""
        return predictions(fingerprint, self.explained(choice), self.noun)

    @cached_property
    def _by_platform(self) -> Findings:
        """The records with platforms as members, for what is theirs alone."""
        if self.compare == BY_PLATFORM:
            return self
        return Findings(on_platforms(self.records), self.fingerprints)

    def _core_counts(self, partition: Partition, vendor: str | None = None) -> CoreCounts:
        return core_counts(partition, self.points, vendor=vendor)

    def _budgeted(self) -> BudgetedTensors:
        most = self.bounds.tensor_bytes
        return BudgetedTensors(self.tensors or (lambda _: None), most, self.bounds.tensors)


_MEASURE_ALL = "`eqc report STORE --show consequences` has how far apart all are"
_NOT_STRICT = "Explained are the most frequent outputs, numbered as without --strict."
