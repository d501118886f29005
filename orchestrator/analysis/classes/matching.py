"""Which partition of a baseline is compared with which current one.

By default those with equal labels. Where an axis is ignored, those whose settings are equal
without it: settings come from the records, labels are never taken apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.errors import UsageError
from orchestrator.model.experiment import STORED, Scalar, precision_words
from orchestrator.results.partitions import EqClass, Missing, Partition
from orchestrator.results.record import VariantRecord

Pair = tuple[Partition | None, Partition | None]
Key = tuple[object, ...]


def matched(
    before: Sequence[Partition], after: Sequence[Partition], ignore: Collection[str] = ()
) -> list[Pair]:
    """The pairs, the baseline's in its order, then what only the current side has.

    Raises ``ValueError`` where one side has two partitions with the same labels, and
    ``UsageError`` where ignoring makes two of one side one, or settings are not known.
    """
    before = _as_called_now(before, after)
    old, new = _by_labels(before), _by_labels(after)
    if ignore:
        if "platform" in ignore:
            before, after = _one_platform(before, "BASELINE"), _one_platform(after, "CURRENT")
        # Software tells rows apart only where nothing else does: other software is what a
        # comparison is often for.
        software = "software" not in ignore and any(
            len(several) > 1
            for side in (before, after)
            for several in _together(side, ignore, software=False).values()
        )
        old = _by_settings(before, ignore, "BASELINE", software=software)
        new = _by_settings(after, ignore, "CURRENT", software=software)
    pairs: list[Pair] = [(partition, new.get(key)) for key, partition in old.items()]
    pairs += [(None, partition) for key, partition in new.items() if key not in old]
    return [_as_one_platform(pair) for pair in pairs] if "platform" in ignore else pairs


def _as_called_now(before: Sequence[Partition], after: Sequence[Partition]) -> Sequence[Partition]:
    """``before``, with files that compute as stored called so: baselines of before there was the
    word say float32 of them."""
    known = {partition.key for partition in before}
    stored = {
        (*partition.key[:2], _of_old(partition.variant), partition.output): partition
        for partition in after
        if partition.settings is not None and partition.settings.precision == STORED
    }

    def called(partition: Partition) -> Partition:
        now = stored.get(partition.key)
        settings = partition.settings
        if now is None or now.key in known or (settings is not None and settings.stated):
            return partition
        if settings is not None:
            settings = replace(settings, precision=STORED, label=now.variant)
        return replace(partition, variant=now.variant, settings=settings)

    # A float32 that was asked for is a partition of its own, which is called as it was.
    taken = {partition.key for partition in after}
    return [each if each.key in taken else called(each) for each in before]


def _of_old(variant: str) -> str:
    return variant.replace(precision_words(STORED), "float32", 1)


def _by_labels(partitions: Iterable[Partition]) -> dict[Key, Partition]:
    found: dict[Key, Partition] = {}
    for partition in partitions:
        if partition.key in found:
            raise ValueError(f"two partitions are called {' · '.join(partition.key)}")
        found[partition.key] = partition
    return found


def _together(
    partitions: Iterable[Partition], ignore: Collection[str], *, software: bool
) -> dict[Key, list[Partition]]:
    together: dict[Key, list[Partition]] = {}
    for partition in partitions:
        names = sorted(f"{one.id} {one.version}" for one in partition.software) if software else ()
        together.setdefault((*_key(partition, ignore), *names), []).append(partition)
    return together


def _by_settings(
    partitions: Sequence[Partition], ignore: Collection[str], side: str, *, software: bool
) -> dict[Key, Partition]:
    _refuse_unknown(partitions, ignore, side)
    found = {}
    for key, several in _together(partitions, ignore, software=software).items():
        if len(several) > 1:
            rows = "; ".join(" · ".join(partition.key) for partition in several)
            raise UsageError(
                f"--ignore {' --ignore '.join(ignore)}: {len(several)} rows of {side} are one "
                f"without it, so that each could be meant: {rows}. Ignore less, or compare a "
                "store that holds one of them"
            )
        found[key] = several[0]
    return found


def _key(partition: Partition, ignore: Collection[str]) -> Key:
    return (
        None if "workload" in ignore else partition.workload,
        None if "input" in ignore else partition.input,
        _variant(partition, ignore),
        partition.output,
    )


_SETTINGS = ("on", "threads", "batch", "flags", "environment", "precision", "device")
_OF_VARIANT = frozenset((*_SETTINGS, "software"))


def _variant(partition: Partition, ignore: Collection[str]) -> Key:
    """The settings that are not ignored; the label where none of them is or can be."""
    ignored = _OF_VARIANT.intersection(ignore)
    if partition.settings is not None and ignored:
        return _settings(partition.settings, ignored)
    return ("label", partition.variant)


def _refuse_unknown(partitions: Iterable[Partition], ignore: Collection[str], side: str) -> None:
    """Settings that are not known cannot be left out."""
    ignored = sorted(_OF_VARIANT.intersection(ignore) - {"software"})
    for partition in partitions:
        if ignored and partition.classes and partition.settings is None:
            raise UsageError(
                f"--ignore {ignored[0]}: {side} does not say with which settings "
                f"{' · '.join(partition.key)} was computed; a baseline of schema 1 does not hold "
                "them: name the store instead, or make the baseline again with --accept"
            )


def _settings(settings: VariantRecord, ignored: Collection[str]) -> Key:
    axes: dict[str, Key] = {
        "on": (settings.framework, settings.pin, settings.requires),
        "precision": (settings.precision,),
        "threads": (settings.threads,),
        "batch": (settings.batch,),
        "environment": _pairs(settings.environment),
        # A record of the study does not say which flags it had; it had none.
        "flags": _pairs(settings.flags or {}),
        "device": (settings.device,),
    }
    kept = tuple(values for axis, values in axes.items() if axis not in ignored)
    return ("settings", *kept, settings.row)


def _pairs(mapping: Mapping[str, Scalar]) -> Key:
    return tuple(sorted((key, repr(value)) for key, value in mapping.items()))


def _one_platform(partitions: Iterable[Partition], side: str) -> list[Partition]:
    found = []
    for partition in partitions:
        names = _names(partition)
        if len(names) > 1:
            raise UsageError(
                f"--ignore platform: {' · '.join(partition.key)} has {len(names)} platforms in "
                f"{side}, each of which could be meant: {', '.join(names)}. Compare a store that "
                "holds one of them"
            )
        found.append(partition)
    return found


def _names(partition: Partition) -> list[str]:
    held = [name for group in partition.classes for name in group.platforms]
    return sorted({*held, *(absent.platform for absent in partition.without_output)})


def _as_one_platform(pair: Pair) -> Pair:
    """Both under one name, which says what the platforms are."""
    before, after = pair
    if before is None or after is None or _names(before) == _names(after):
        return pair
    name = " → ".join(next(iter(_names(one)), "none") for one in (before, after))
    return _renamed(before, name), _renamed(after, name)


def _renamed(partition: Partition, name: str) -> Partition:
    def one(group: EqClass) -> EqClass:
        return replace(group, platforms=(name,))

    def absent(each: Missing) -> Missing:
        return replace(each, platform=name)

    return replace(
        partition,
        classes=tuple(map(one, partition.classes)),
        missing=tuple(map(absent, partition.missing)),
        not_available=tuple(map(absent, partition.not_available)),
        nondeterministic=(name,) if partition.nondeterministic else (),
    )
