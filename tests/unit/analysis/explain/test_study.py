"""The study's published numbers, computed from its published files."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.analysis.explain.prediction import predict
from orchestrator.analysis.hardware.attributes import attribute_table
from orchestrator.analysis.hardware.cpu_classes import cpu_classes
from orchestrator.analysis.hardware.flag_clusters import cluster_table, flag_clusters, flag_table
from orchestrator.results.explanation import Certainty
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation
from orchestrator.store.innfrastructure.files import Imported, read
from orchestrator.store.parse import parse_observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.unit.analysis.explain.described import explained

Study = tuple[list[Observation], dict[str, Fingerprint]]

TABLE_SUP_3 = {
    0: "abm avx2 bmi1 bmi2 fma movbe",
    1: "avx512bw avx512cd avx512dq avx512f avx512vl xsaves",
    2: "avx512_bitalg avx512_vbmi2 avx512_vpopcntdq avx512bitalg avx512ifma avx512vbmi "
    "avx512vbmi2 avx512vpopcntdq gfni vaes vpclmulqdq",
    3: "3dnowext clzero cmp_legacy cr8_legacy extd_apicid fxsr_opt misalignsse mmxext npt "
    "nrip_save osvw rdpid sse4a topoext vmmcall xsaveerptr",
    4: "arch_capabilities md_clear ss x2apic xtopology",
    5: "clflushopt clwb xgetbv1 xsavec",
    6: "sha sha_ni umip",
    7: "3dnowprefetch adx rdseed smap",
    8: "avx512_vnni avx512vnni ibrs_enhanced",
    9: "erms pcid",
    10: "f16c fsgsbase rdrand rdrnd smep",
    11: "hle rtm",
    12: "invpcid invpcid_single",
    13: "mpx",
    14: "pti",
}
"""The flag clusters as printed in the study's supplement."""

EXTENSIONS = {
    "Zen 2": "AMD",
    "Zen 3": "AMD",
    "Sandy Bridge": "Bridge",
    "Ivy Bridge": "Bridge",
    "Haswell": "Well",
    "Broadwell": "Well",
    "Skylake server": "Skylake",
    "Cascade Lake": "Skylake",
    "Ice Lake server": "Ice Lake",
    "Coffee Lake": "Coffee Lake",
    "Kaby Lake": "Coffee Lake",
}
"""Table SUP-1 gives these one CPU class per core count (it calls Kaby Lake Coffee Lake)."""


def is_dual_core_gcp(name: str) -> bool:
    return name.startswith("gcloud/") and not re.search(r"_\d+/", name)


@pytest.fixture(scope="module")
def study(study_data: Path) -> Study:
    records, fingerprints = [], {}
    for item in read(study_data / "equivalence_classes"):
        assert isinstance(item, Imported)
        records += map(parse_observation, item.records)
        fingerprints[item.fingerprint_digest] = parse_fingerprint(item.fingerprint)
    return records, fingerprints


@pytest.fixture(scope="module")
def nine(study: Study) -> Study:
    records = [one for one in study[0] if is_dual_core_gcp(one.platform.name)]
    return records, study[1]


def test_flag_clusters_are_those_of_the_supplement(nine: Study) -> None:
    table = attribute_table(*nine)
    found = flag_clusters(table)
    assert len(table.frame) == 9
    assert (found.total, len(found.common), len(found.clusters)) == (125, 54, 15)
    assert set(found.clusters) == {tuple(text.split()) for text in TABLE_SUP_3.values()}
    columns = flag_table(found).set_index("flag")["cluster"]
    assert (columns["fpu"], columns["abm"], columns["avx2"]) == ("C", "1", "1")


def test_table_1(nine: Study) -> None:
    table = attribute_table(*nine)
    found = flag_clusters(table)
    shown = cluster_table(table, found)
    avx2, avx512 = (
        next(row for row, cluster in enumerate(found.clusters) if flag in cluster)
        for flag in ("avx2", "avx512f")
    )
    with_avx2 = set(shown.columns) - {"Sandy Bridge", "Ivy Bridge"}
    assert set(shown.columns[shown.loc[avx2].astype(bool)]) == with_avx2
    with_avx512 = {"Skylake server", "Cascade Lake", "Ice Lake server"}
    assert set(shown.columns[shown.loc[avx512].astype(bool)]) == with_avx512
    assert cluster_table(table, found, by="platform").shape == (15, 9)
    assert cluster_table(table, found, by="vendor")["GenuineIntel"][avx2] is None


def test_exactly_two_minimal_sets_of_three_separate_the_five_classes(study: Study) -> None:
    (found,) = explained(*study, workload="cifar10_medium", input="i0", platforms=is_dual_core_gcp)
    assert len(found.classes) == 5
    answer = found.answers[0]
    first = [{min(cluster.members) for cluster in one.clusters} for one in answer.sets]
    assert first == [{"abm", "avx512bw", "sha"}, {"avx512bw", "invpcid", "sha"}]
    assert answer.complete
    assert answer.proven
    assert answer.contradictions == ()
    assert found.outliers == ()
    assert found.undescribed == ()
    assert len(answer.rules) == 5
    assert sum(len(rule.platforms) for rule in answer.rules) == 9


@pytest.mark.parametrize(
    ("workload", "classes"), [("cifar10_small", 3), ("cifar10_medium", 16), ("deep_weeds", 16)]
)
def test_flags_and_cores_explain_all_65_machines(study: Study, workload: str, classes: int) -> None:
    (found,) = explained(*study, workload=workload, input="i0")
    answer = found.answers[0]
    assert len(found.classes) == classes
    assert answer.contradictions == ()
    assert answer.complete
    assert sum(len(rule.platforms) for rule in answer.rules) == 65
    assert not any(rule.contradicting for rule in answer.rules)


def test_a_machine_that_was_left_out_is_predicted(study: Study) -> None:
    left_out = "gcloud/intel_cascade_lake_8/Intel_Xeon__"
    (whole,) = explained(*study, workload="cifar10_medium", input="i0")
    (found,) = explained(
        *study, workload="cifar10_medium", input="i0", platforms=lambda name: name != left_out
    )
    digest = next(one.fingerprint for one in study[0] if one.platform.name == left_out)
    assert digest is not None
    prediction = predict(study[1][digest], found)
    truth = next(group for group in whole.classes if left_out in group.platforms)
    assert prediction.class_id == whole.class_id(truth.number)
    assert prediction.certainty is Certainty.SEEN
    assert set(prediction.support) <= set(truth.platforms)


def test_cpu_classes_are_those_of_table_sup_1(study: Study) -> None:
    table = attribute_table(*study)
    found = cpu_classes(table)
    assert found["cpu class"].nunique() == 27
    printed = pd.Series(
        [
            (EXTENSIONS[generation], min(cores, 32))
            for generation, cores in zip(
                table.frame["generation"], table.frame["cores"], strict=True
            )
        ],
        index=table.frame.index,
    )
    pairs = set(zip(printed, found["cpu class"], strict=True))
    assert len(pairs) == printed.nunique() == 27


def test_a_broken_machine_is_found_among_its_twins(study: Study) -> None:
    name = "gcloud/intel_skylake_4/Intel_Xeon__"
    other = "gcloud/amd_rome/AMD_EPYC_7B12"
    chosen = {
        one.platform.name: one
        for one in study[0]
        if one.workload.label == "cifar10_medium" and one.input.label == "i0"
    }
    broken = [
        one._replace(outputs=chosen[other].outputs) if platform == name else one
        for platform, one in chosen.items()
    ]
    # Its CPU is that of other Skylakes with four cores; a few irrelevant flags differ.
    twin = next(p for p in chosen if p.startswith("aws/c5.xlarge/Intel_Xeon_Platinum_8124M"))
    broken = [
        one._replace(fingerprint=chosen[twin].fingerprint, platform=chosen[p].platform)
        if p == name or p.startswith("aws/c5n")
        else one
        for p, one in zip(chosen, broken, strict=True)
    ]
    (found,) = explained(broken, study[1])
    assert [one.platform for one in found.outliers] == [name]
    assert twin in found.outliers[0].twins
    assert [cluster.members[0] for cluster in found.answers[0].sets[0].clusters] == [
        "avx512f",
        "avx2",
        "core bin",
        "sha",
    ]
