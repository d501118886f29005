"""The study's published numbers, computed from its published files."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.results.partitions import Summary
from orchestrator.store.innfrastructure.files import Imported, read
from orchestrator.store.parse import parse_observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.environment import ROOT
from tests.unit.analysis.summarised import summarise

STUDY = Path(os.environ.get("EQC_STUDY_DATA", ROOT.parent / "shared/data/unannticipated"))
COLUMNS = [
    f"{model}_i{sample}"
    for model in ("cifar10_small", "cifar10_medium", "deep_weeds")
    for sample in (0, 1, 6)
]

pytestmark = pytest.mark.skipif(
    not STUDY.is_dir(), reason=f"the study's data is not at {STUDY} (set EQC_STUDY_DATA)"
)


def imported(folder: str, order: list[str] | None = None) -> Summary:
    files = list(read(STUDY / folder))
    assert all(isinstance(file, Imported) for file in files)
    return summarise(
        (parse_observation(record) for file in files for record in file.records),
        (),
        {file.fingerprint_digest: parse_fingerprint(file.fingerprint) for file in files},
        order=order or (),
    )


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def test_partition_of_the_65_machines_equals_the_published_one() -> None:
    with (STUDY / "expected_cpu_eqcs.csv").open() as file:
        rows = list(csv.DictReader(file))
    files = {file.platform for file in read(STUDY / "equivalence_classes")}
    order = []
    for row in rows:
        start = f"{row['cloud']}/{row['instance']}/"
        names = [n for n in files if n.startswith(start)]
        same = [n for n in names if letters(n.removeprefix(start)) == letters(row["device"])]
        (name,) = same or names
        order.append(name)
    assert len(set(order)) == 65
    found = imported("equivalence_classes", order)
    assert found.table.platforms == tuple(order)
    position = {f"{key[0]}_{key[1]}": column for column, key in enumerate(found.table.columns)}
    got = [[str(row[position[column]].number) for column in COLUMNS] for row in found.table.rows]
    assert got == [[row[column] for column in COLUMNS] for row in rows]
    counts = Counter((p.workload, len(p.classes)) for p in found.partitions)
    assert counts == {("cifar10_small", 3): 3, ("cifar10_medium", 16): 3, ("deep_weeds", 16): 3}
    assert all(not p.missing and not p.nondeterministic for p in found.partitions)


def test_figure_6_counts_by_precision() -> None:
    found = imported("precision")
    counts = {p.variant: (len(p.classes), p.sessions) for p in found.partitions}
    assert counts == {
        "tensorflow float16": (3, 14),
        "tensorflow float32": (9, 14),
        "tensorflow float64": (4, 14),
    }
    bits = {p.variant: p.mantissa_bits for p in found.partitions}
    assert list(bits.values()) == [10, 23, 52]
    for partition in found.partitions:
        assert partition.dendrogram is not None
        assert partition.dendrogram.precision == partition.remaining_precision
