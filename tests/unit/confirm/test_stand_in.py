from dataclasses import replace

import pytest

from orchestrator.confirm.bisect import Outcome
from orchestrator.confirm.hypotheses import Pair
from orchestrator.confirm.interventions import Way, way
from orchestrator.confirm.judging import Judging
from orchestrator.confirm.presenting import CpuidPresenter, QemuPresenter, qemu_flags
from orchestrator.confirm.stand_in import LOCAL, StandIns, class_of
from orchestrator.cpuid.dependencies import closure
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import (
    Cell,
    Input,
    Keep,
    Observe,
    Platform,
    Variant,
    Workload,
    pairs,
)
from orchestrator.model.machine import RecordedCpu
from orchestrator.results.explanation import (
    ExplainedClass,
    ExplainedPartition,
    Explanation,
    Kind,
)
from orchestrator.results.outputs import OutputPool
from orchestrator.results.record import (
    InputRecord,
    Observation,
    PlatformRecord,
    VariantRecord,
    WorkloadRecord,
)

INTEL, AMD = model_table("Haswell-noTSX"), model_table("EPYC-Rome")
PAIR = Pair("intel", "amd", 1, 2)
VARIANT = Variant("torch", environment=pairs({"A": 1}), flags=pairs({"mkldnn": True}))
WORKLOAD, GIVEN = Workload("builtin", "conv", "conv"), Input("digits:0", ())


def attributes(table: CpuidTable, **others: object) -> dict:
    numbers = table.signature
    return {
        **{flag: flag in table.flags for flag in INTEL.flags | AMD.flags},
        "vendor": table.vendor,
        "L1 bytes": table.caches["l1d"],
        "L2 bytes": table.caches["l2"],
        "CPU model": f"{numbers['family']}/{numbers['model']}",
        "CPU stepping": "/".join(str(number) for number in numbers.values()),
        "cores": 4,
        **others,
    }


KINDS = dict.fromkeys(INTEL.flags | AMD.flags, Kind.FLAG) | {
    "vendor": Kind.VENDOR,
    "L1 bytes": Kind.CACHE,
    "L2 bytes": Kind.IDENTITY,
    "CPU model": Kind.IDENTITY,
    "CPU stepping": Kind.IDENTITY,
    "cores": Kind.CORES,
    "env A": Kind.ENVIRONMENT,
    "setting mkldnn": Kind.SETTING,
    "batch": Kind.SETTING,
}


def cell(platform: Platform = LOCAL, variant: Variant = VARIANT) -> Cell:
    return Cell(platform, WORKLOAD, GIVEN, variant, Observe(layers=True, mode="cold"))


def setting(
    before: dict, after: dict, presenter: object = None, base: Cell | None = None
) -> tuple[StandIns, Way]:
    presenter = presenter or CpuidPresenter(INTEL)
    stand_ins = StandIns(
        {"intel": before, "amd": after},
        {"intel": base or cell(), "amd": cell()},
        {"intel": INTEL, "amd": AMD},
        {name: presenter.lacks(table) for name, table in (("intel", INTEL), ("amd", AMD))},
        presenter,
        4,
        lambda provider: provider in ("local", "mask", "emulated", "cpuid"),
    )
    judge = Judging(presenter, VariantRecord("v", "v"), stand_ins.lacked("intel", "amd"))
    found = way(before, after, KINDS, judge, lambda flag: closure([flag]) - {flag})
    return stand_ins, found


def presented(platform: Platform) -> CpuidTable:
    assert isinstance(platform.placement, RecordedCpu)
    return CpuidTable.of_presented(platform.placement.presented)


def test_with_no_change_it_is_the_platform_itself() -> None:
    stand_ins, between = setting(attributes(INTEL), attributes(AMD))
    made = stand_ins.cell(PAIR, between, frozenset())
    assert presented(made.platform) == INTEL
    assert (made.workload, made.input, made.variant) == (WORKLOAD, GIVEN, VARIANT)
    assert made.observe == Observe(sessions=1, mode="cold", keep=Keep.NONE)


def test_with_one_change_it_differs_in_one_thing() -> None:
    stand_ins, between = setting(attributes(INTEL), attributes(AMD))
    made = presented(stand_ins.cell(PAIR, between, frozenset({"vendor"})).platform)
    assert (made.vendor, made.flags) == ("AuthenticAMD", INTEL.flags)
    made = presented(stand_ins.cell(PAIR, between, frozenset({"L2 bytes"})).platform)
    assert (made.caches["l2"], made.vendor) == (AMD.caches["l2"], INTEL.vendor)
    made = presented(stand_ins.cell(PAIR, between, frozenset({"CPU model"})).platform)
    assert (made.signature, made.flags) == (AMD.signature, INTEL.flags)


def test_with_all_changes_it_is_the_other_less_what_this_cpu_lacks() -> None:
    stand_ins, between = setting(attributes(INTEL), attributes(AMD))
    every = frozenset(one.name for one in between.changes)
    made = presented(stand_ins.cell(PAIR, between, every).platform)
    lacked = {one.attribute for one in between.unchangeable}
    assert "sse4a" in lacked
    assert made.flags == AMD.flags - lacked
    assert (made.vendor, made.signature) == (AMD.vendor, AMD.signature)


def test_equal_tables_are_one_platform_whatever_way_leads_there() -> None:
    stand_ins, between = setting(attributes(INTEL), attributes(AMD))
    back = Pair("amd", "intel", 2, 1)
    there = stand_ins.cell(PAIR, between, frozenset({"vendor"})).platform
    again = stand_ins.cell(replace(PAIR, after_class=3), between, frozenset({"vendor"})).platform
    assert there.id == again.id
    assert there.id != stand_ins.cell(back, between, frozenset({"vendor"})).platform.id


def test_cores_are_threads_and_settings_are_the_variants() -> None:
    before = attributes(INTEL, cores=8, batch=1, **{"env A": 1, "setting mkldnn": True})
    after = attributes(INTEL, cores=2, batch=4, **{"env A": "unset", "setting mkldnn": False})
    stand_ins, between = setting(before, after)
    assert {one.name for one in between.changes} == {"cores", "env A", "setting mkldnn", "batch"}
    start = stand_ins.cell(PAIR, between, frozenset())
    assert (start.variant.threads, start.variant.batch, start.platform) == (8, 1, LOCAL)
    end = stand_ins.cell(PAIR, between, frozenset(one.name for one in between.changes))
    assert (end.variant.threads, end.variant.batch) == (2, 4)
    assert (end.variant.environment, dict(end.variant.flags)) == ((), {"mkldnn": False})


def test_a_mask_is_its_variables() -> None:
    base = cell(Platform("mask", "mask/avx2", pairs({"level": "avx2"})))
    stand_ins, between = setting(
        attributes(INTEL, **{"env A": "x"}), attributes(INTEL, **{"env A": "unset"}), base=base
    )
    assert stand_ins.cell(PAIR, between, frozenset()).platform == LOCAL


@pytest.mark.emulated
def test_qemu_is_told_by_its_own_names() -> None:
    assert qemu_flags()["sse4_1"] == "sse4.1"
    stand_ins, between = setting(attributes(INTEL), attributes(AMD), QemuPresenter())
    made = stand_ins.cell(PAIR, between, frozenset({"vendor"})).platform
    words = str(made.get("cpu")).split(",")
    assert words[0] == "max"
    assert {"vendor=AuthenticAMD", "family=6", "sse4a=off"} <= set(words)


def outputs(**digests: str) -> Observation:
    rows = [
        {
            "name": name,
            "role": "final",
            "index": 0,
            "operation": None,
            "dtype": "float32",
            "shape": [1],
            "digest": digest * 64,
            "chain": None,
            "tensor": False,
        }
        for name, digest in digests.items()
    ]
    return Observation(
        cell="c",
        session=0,
        status="ok",
        platform=PlatformRecord("p", "p"),
        workload=WorkloadRecord("w", "conv"),
        input=InputRecord("i", "digits:0"),
        variant=VariantRecord("v", "v"),
        outputs=OutputPool().add(rows),
        run="r",
    )


EXPLANATION = Explanation(
    tuple(
        ExplainedPartition("conv", "digits:0", "v", name, (first * 12, second * 12))
        for name, first, second in (("x", "a", "b"), ("y", "c", "d"))
    ),
    (ExplainedClass(1, ("intel",)), ExplainedClass(2, ("amd",))),
    (),
    (),
    (),
)


@pytest.mark.parametrize(
    ("digests", "expected"),
    [
        ({"x": "a", "y": "c"}, "1"),
        ({"x": "b", "y": "d"}, "2"),
        ({"x": "a", "y": "d"}, "other aaaaaaaaaaaa dddddddddddd"),
        ({"x": "e", "y": "c"}, "other eeeeeeeeeeee cccccccccccc"),
    ],
)
def test_a_class_is_that_of_all_outputs(digests: dict, expected: str) -> None:
    assert class_of(EXPLANATION, PAIR, outputs(**digests), cell()) == Outcome(expected)


def test_an_output_that_is_not_there_has_no_class() -> None:
    assert class_of(EXPLANATION, PAIR, outputs(z="a"), cell()).group is None
