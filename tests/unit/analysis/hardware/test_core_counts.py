from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.analysis.hardware.core_counts import (
    HardwarePoint,
    core_counts,
    hardware_points,
    thread_counts,
    threads_of_records,
)
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.layers import CoreCounts
from orchestrator.results.partitions import Summary
from orchestrator.results.record import VariantRecord
from orchestrator.store.innfrastructure.files import Imported, read
from orchestrator.store.parse import parse_observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.unit.analysis.classes.differences import partition
from tests.unit.analysis.records import record
from tests.unit.analysis.summarised import summarise

Study = tuple[Summary, dict[str, Fingerprint]]

PLACES = {
    "sky2": HardwarePoint(2, "Skylake", "Intel"),
    "ice2": HardwarePoint(2, "Ice Lake", "Intel"),
    "has2": HardwarePoint(2, "Haswell", "Intel"),
    "sky4": HardwarePoint(4, "Skylake", "Intel"),
    "ice4": HardwarePoint(4, "Ice Lake", "Intel"),
    "has4": HardwarePoint(4, "Haswell", "Intel"),
    "sky16": HardwarePoint(16, "Skylake", "Intel"),
    "has16": HardwarePoint(16, "Haswell", "Intel"),
    "rome2": HardwarePoint(2, "Rome", "AMD"),
    "odd": HardwarePoint(None, "Rome", "AMD"),
}
FIGURE = {
    "a": "sky2",
    "b": "ice2",
    "c": "has2",
    "d": "sky4 ice4",
    "e": "has4",
    "f": "sky16 has16",
    "g": "rome2 odd",
}


def test_levels_flows_and_what_joins() -> None:
    found = core_counts(partition(FIGURE), PLACES)
    assert [(level.cores, level.platforms, level.classes) for level in found.levels] == [
        (2, 4, ("a", "b", "c", "g")),
        (4, 3, ("d", "e")),
        (16, 2, ("f",)),
    ]
    assert [(each.cores, each.before, each.after) for each in found.joined] == [
        ((2, 4), ("a", "b"), "d"),
        ((4, 16), ("d", "e"), "f"),
    ]
    assert found.joined[0].generations == ("Ice Lake", "Skylake")
    assert found.unplaced == ("odd",)
    flows = {(each.generation, each.cores): each for each in found.flows}
    assert flows["Skylake", (4, 16)].classes == ("d", "f")
    assert flows["Skylake", (4, 16)].platforms == (("sky4",), ("sky16",))
    assert len(flows) == 5  # Ice Lake has one step, Rome none


def test_one_vendor_only() -> None:
    found = core_counts(partition(FIGURE), PLACES, vendor="Intel")
    assert found.levels[0].classes == ("a", "b", "c")
    assert found.unplaced == ()


def test_nothing_placed_is_no_level() -> None:
    found = core_counts(partition(FIGURE), {})
    assert (found.levels, found.flows, found.joined) == ((), (), ())
    assert len(found.unplaced) == 10
    assert core_counts(partition({}), {}).levels == ()


def test_threads_of_one_machine() -> None:
    variants = {"tensorflow float32 threads=1": 1, "tensorflow float32 threads=4": 4}
    one = record("p", [])
    records = [
        one._replace(variant=VariantRecord("v", label, threads=number))
        for label, number in [*variants.items(), ("tensorflow float32", None)]
    ]
    threads = threads_of_records(records)
    assert threads["tensorflow float32 threads=4"] == ("tensorflow float32", 4)
    assert len(threads) == 2
    apart, together = partition({"a": "p", "b": "q"}), partition({"c": "p q"})
    given = [
        replace(apart, variant="tensorflow float32 threads=1"),
        replace(together, variant="tensorflow float32 threads=4"),
        together,
    ]
    found = thread_counts(given, threads)
    assert len(found) == 1
    assert found[0].variant == "tensorflow float32"
    assert [level.cores for level in found[0].levels] == [1, 4]
    assert [(each.before, each.after) for each in found[0].joined] == [(("a", "b"), "c")]
    assert thread_counts(given[:1], threads) == ()


@pytest.fixture(scope="module")
def study(study_data: Path) -> Study:
    records, fingerprints = [], {}
    for item in read(study_data / "equivalence_classes"):
        assert isinstance(item, Imported)
        own = list(map(parse_observation, item.records))
        if own[0].workload.label == "cifar10_medium":
            records += own
            fingerprints[item.fingerprint_digest] = parse_fingerprint(item.fingerprint)
    return summarise(records, (), fingerprints), fingerprints


def figure_2(study: Study, vendor: str) -> CoreCounts:
    summary, fingerprints = study
    points = hardware_points(summary.platforms, fingerprints)
    return core_counts(summary.partitions[0], points, vendor=vendor)


def test_figure_2_of_the_study(study: Study) -> None:
    found = figure_2(study, "GenuineIntel")
    assert found.unplaced == ()
    classes = {level.cores: len(level.classes) for level in found.levels}
    # Table SUP-1, sample 0 of the medium model, Intel: 5, 6, 7, 8 at two cores; 15, 16 from 16.
    assert classes == {2: 4, 4: 3, 8: 3, 12: 1, 16: 2, 32: 2, 48: 1}
    assert [each for each in found.joined if each.cores == (2, 4)]
    at_four = next(each for each in found.joined if each.cores == (2, 4))
    assert at_four.generations == ("Cascade Lake", "Ice Lake server", "Skylake server")
    at_sixteen = [each for each in found.joined if each.cores == (8, 16)]
    assert len(at_sixteen) == 1
    assert {"Skylake server", "Haswell"} <= set(at_sixteen[0].generations)
    assert "Sandy Bridge" not in at_sixteen[0].generations  # stays apart


def test_amd_is_one_class_at_any_core_count(study: Study) -> None:
    found = figure_2(study, "AuthenticAMD")
    assert [len(level.classes) for level in found.levels] == [1, 1, 1, 1, 1]
    assert found.joined == ()
