from __future__ import annotations

from orchestrator.analysis.classes.class_counts import class_counts
from orchestrator.analysis.hardware.core_counts import HardwarePoint
from orchestrator.results.partitions import CountedPlatform, EqClass, Missing, Partition


def partition(given: str, *classes: tuple[str, ...], absent: tuple[str, ...] = ()) -> Partition:
    groups = tuple(EqClass(f"{n}", n, names, ()) for n, names in enumerate(classes, start=1))
    missing = tuple(Missing(name, "failed", "x") for name in absent)
    return Partition("w", given, "v", "output", 1, 3, 23, groups, (), missing, None)


def test_classes_are_counted_in_the_order_of_the_hardware() -> None:
    given = partition("0", ("a", "c"), ("b",), absent=("d",))
    order = {"c": (1,), "b": (2,), "a": (3,), "d": (2, 5)}
    places = {"c": HardwarePoint(4, "Haswell", "GenuineIntel")}
    (found,) = class_counts([given], ("a", "b", "c", "d"), places, order)
    assert [platform.name for platform in found.platforms] == ["c", "b", "d", "a"]
    assert found.platforms[0] == CountedPlatform("c", "Intel", "Haswell", 4)
    assert found.platforms[1] == CountedPlatform("b", None, None, None)
    (curve,) = found.curves
    assert (curve.counts, curve.numbers) == ((1, 2, 2, 2), (1, 2, None, 1))


def test_without_a_key_platforms_keep_their_order_at_the_end() -> None:
    (found,) = class_counts([partition("0", ("z", "a", "m"))], ("z", "a", "m"), {}, {"m": (9,)})
    assert [platform.name for platform in found.platforms] == ["m", "z", "a"]


def test_partitions_are_grouped_by_the_platforms_they_share() -> None:
    given = [
        partition("0", ("a",), ("b",)),
        partition("1", ("x",)),
        partition("2", ("c",)),
        partition("3", ("b",), ("c",)),  # joins the first and the third
        partition("4"),
    ]
    found = class_counts(given, ("a", "b", "c", "x"), {}, {})
    assert [[curve.input for curve in counts.curves] for counts in found] == [
        ["0", "2", "3"],
        ["1"],
    ]
    assert [len(counts.platforms) for counts in found] == [3, 1]
    # A partition without a cell for a platform keeps its count there.
    assert found[0].curves[1].counts == (0, 0, 1)


def test_nothing() -> None:
    assert class_counts([], (), {}, {}) == ()
