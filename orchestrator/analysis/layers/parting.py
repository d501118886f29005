"""The first operator that parts two platforms, from the layers that both recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.analysis.classes.precision import remaining_precision
from orchestrator.analysis.layers.kernel_words import kernel_words
from orchestrator.analysis.observations.chains import ChainCollector
from orchestrator.results.outputs import OutputRecord
from orchestrator.results.parting import Parting, Side, Unparted
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation

CUTS = "cuts"
NO_LAYERS = "no layers were recorded: observe: {layers: true} records them"
_PERTURBED = "recording the layers of {name} changed its final output: they are of another run"
_EQUAL = "all layers that both recorded are equal"


def partings(
    partition: Partition, records: Mapping[str, Observation]
) -> tuple[Parting | Unparted, ...]:
    """For each class after the first, what parts it from the first one.

    ``records``: by platform, one with the output it stands by. Nothing is said where no platform
    of any class recorded layers.
    """
    sides: list[tuple[Observation, int]] = []
    for group in partition.classes:
        own = [records[name] for name in group.platforms if name in records]
        if own:
            sides.append((_best(own), group.number))
    if len(sides) < 2 or not any(_layers(record) for record, _ in sides):
        return ()
    first, number = sides[0]
    return tuple(parting(first, other, (number, its)) for other, its in sides[1:])


def parting(
    left: Observation, right: Observation, classes: tuple[int | None, int | None] = (None, None)
) -> Parting | Unparted:
    """What parts two sessions whose final outputs are not equal."""
    layers = (_layers(left), _layers(right))
    pair = (left, right)

    def sides(layer: str | None) -> tuple[Side, Side]:
        one, two = (
            Side(record.platform.label, number, kernel_words(record, layer) if layer else ())
            for record, number in zip(pair, classes, strict=True)
        )
        return one, two

    if not all(layers):
        return Unparted(sides(None), NO_LAYERS)
    for record in pair:
        if record.perturbed is not False and record.layers_by != CUTS:
            return Unparted(sides(None), _PERTURBED.format(name=record.platform.label))
    found = first_parting(*layers)
    if found is None:
        return Unparted(sides(None), _EQUAL)
    one, two, unknown = found
    bits, of_bits = _bits(pair, one, two)
    cut = any(record.layers_by == CUTS for record in pair)
    return Parting(one.name, one.index, one.operation, bits, of_bits, sides(one.name), unknown, cut)


def first_parting(
    left: Sequence[OutputRecord], right: Sequence[OutputRecord]
) -> tuple[OutputRecord, OutputRecord, int] | None:
    """The first layer of both whose digests differ, and how many before it only one side has.

    Layers are the same where name and place are. ``None``: all that both have are equal.
    """
    others = {(one.index, one.name): one for one in right}
    keys = {(one.index, one.name) for one in left}
    for one in sorted(left, key=lambda each: each.index):
        other = others.get((one.index, one.name))
        if other is not None and other.digest != one.digest:
            before = {key for key in keys ^ others.keys() if key[0] < one.index}
            return one, other, len(before)
    return None


def _bits(
    pair: Sequence[Observation], one: OutputRecord, two: OutputRecord
) -> tuple[int | None, int | None]:
    """Leading mantissa bits on which all elements of two layers agree, and how many there are."""
    collector = ChainCollector()
    for record in pair:
        collector.add_all(record.outputs)
    chains = collector.finish()
    codes = [collector.codes[layer.digest] for layer in (one, two)]
    bits = remaining_precision(chains, codes)
    return bits, None if bits is None else int(chains.bits[codes].min())


def _layers(record: Observation) -> list[OutputRecord]:
    return [one for one in record.outputs if one.role == "layer"]


def _best(records: Sequence[Observation]) -> Observation:
    """One whose layers are of the session itself, with kernels where there are such."""

    def rank(record: Observation) -> tuple[bool, bool, bool]:
        told = record.kernels is not None and record.kernels.told
        return not _layers(record), record.perturbed is not False, not told

    return min(records, key=rank)
