"""The study's own numbers, from its published files and the command line alone."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from orchestrator.analysis.tables.registry import TABLES
from tests.e2e.running import SMALL, eqc, written

DUAL_CORE = ("sandy_bridge", "ivy_bridge", "haswell", "broadwell", "skylake", "cascade_lake")
NINE = [f"gcloud/intel_{name}/*" for name in (*DUAL_CORE, "ice_lake")]
NINE += ["gcloud/amd_milan/*", "gcloud/amd_rome/*"]


@pytest.fixture(scope="module")
def folder(study_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    for name in ("equivalence_classes", "precision"):
        done = eqc("import", "innfrastructure", study_data / name, "--into", name, cwd=path)
        assert done.returncode == 0, done.stderr
    return path


def shown(folder: Path, name: str, *words: str, store: str = "equivalence_classes") -> Any:
    done = eqc("report", store, "--show", name, "--format", "json", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(document: Any) -> list[dict[str, Any]]:
    names = [column["name"] for column in document["columns"]]
    return [dict(zip(names, row, strict=True)) for row in document["rows"]]


def nine() -> list[str]:
    return [word for pattern in NINE for word in ("--platforms", pattern)]


def test_all_585_observations_have_the_published_class(folder: Path, study_data: Path) -> None:
    with (study_data / "expected_cpu_eqcs.csv").open() as file:
        expected = list(csv.DictReader(file))
    found = rows(shown(folder, "platforms"))
    assert len(found) == len(expected) == 65
    columns = {
        f"{name.split(' · ')[0]}_{name.split(' · ')[1]}": name for name in found[0] if "·" in name
    }
    assert len(columns) == 9

    def published(row: dict[str, str]) -> tuple[Any, ...]:
        memory, classes = float(row["memory_gib"]), tuple(int(row[name]) for name in columns)
        return (row["cloud"], row["instance"], row["vendor"], int(row["cores"]), memory, *classes)

    def ours(row: dict[str, Any]) -> tuple[Any, ...]:
        cloud, instance, _ = row["platform"].split("/")
        classes = tuple(row[name]["class"] for name in columns.values())
        return (cloud, instance, row["vendor"], row["cores"], row["memory"], *classes)

    assert Counter(map(ours, found)) == Counter(map(published, expected))
    assert len({row["CPU class"] for row in found}) == 27
    first = [row["platform"] for row in found if row[columns["cifar10_small_i0"]]["first"]]
    assert len(first) == 3


def test_the_plain_report_has_the_same_numbers(folder: Path) -> None:
    done = eqc("report", "equivalence_classes", "--format", "json", cwd=folder)
    of = {
        (p["workload"], p["input"]): {
            name: group["number"] for group in p["classes"] for name in group["platforms"]
        }
        for p in json.loads(done.stdout)["partitions"]
    }
    for row in rows(shown(folder, "platforms", "--workload", "deep_weeds")):
        (name,) = (name for name in row if "i6" in name)
        assert row[name]["class"] == of["deep_weeds", "i6"][row["platform"]]


def test_classes_of_each_model_and_figure_1(folder: Path) -> None:
    found = rows(shown(folder, "partitions"))
    counts = Counter((row["workload"], row["classes"], row["platforms"]) for row in found)
    assert counts == {
        ("cifar10_small", 3, 65): 3,
        ("cifar10_medium", 16, 65): 3,
        ("deep_weeds", 16, 65): 3,
    }
    cumulative = rows(shown(folder, "counts"))
    assert cumulative[-1]["all"] == 3 * (3 + 16 + 16)
    totals = [row["all"] for row in cumulative]
    assert totals == sorted(totals)
    # The order is vendor, generation, cores: all of AMD's first, then Intel's oldest.
    assert [row["all"] for row in cumulative][9:11] == [30, 39]


def test_table_1(folder: Path) -> None:
    words = ("--workload", "cifar10_medium", "--input", "i0", *nine())
    document = shown(folder, "clusters", *words)
    found = {row["generation"]: row for row in rows(document)}
    assert len(found) == 9
    (column,) = (name for name in found["Haswell"] if "·" in name)
    assert len({row[column] for row in found.values()}) == 5
    assert len(document["columns"]) == 3 + 15
    (avx512,) = (name for name in found["Haswell"] if "avx512f" in name.split())
    having = {name for name, row in found.items() if row[avx512] == "x"}
    assert having == {"Skylake server", "Cascade Lake", "Ice Lake server"}
    note = shown(folder, "flags", *nine())["notes"][0]
    assert note.startswith("125 flags; 54 are common to all 9 platforms (C), the others form 15 ")


def test_figure_2(folder: Path) -> None:
    words = ("--workload", "cifar10_medium", "--input", "i0")
    found = [row for row in rows(shown(folder, "collapse", *words)) if row["vendor"] == "Intel"]
    classes = {row["cores"]: row["classes"] for row in found}
    assert classes == {2: 4, 4: 3, 8: 3, 12: 1, 16: 2, 32: 2, 48: 1}
    assert "7 + 8 -> 11" in found[1]["fallen together"]


def test_figure_6_by_precision(folder: Path) -> None:
    found = rows(shown(folder, "partitions", store="precision"))
    assert [(row["mantissa bits"], row["classes"]) for row in found] == [(10, 3), (23, 9), (52, 4)]


def test_tensors_of_the_study_are_compared(folder: Path) -> None:
    found = rows(shown(folder, "consequences", "--workload", "cifar10_small"))
    assert len(found) == 3 * 3
    assert {row["outcome"] for row in found} == {"compared"}
    assert {row["flipped labels"] for row in found} == {0}


@pytest.mark.parametrize("kind", ["table", "csv", "markdown", "latex", "json"])
def test_every_table_in_every_format(folder: Path, kind: str) -> None:
    words = ("--workload", "cifar10_small", "--input", "i0", "--format", kind)
    done = eqc("report", "equivalence_classes", "--show", "all", "-o", kind, *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    paths = list((folder / kind).iterdir())
    assert {path.stem for path in paths} == set(TABLES)
    assert all(path.stat().st_size for path in paths)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--show", "all"), "-o FOLDER"),
        (("--show", "flags", "--format", "html"), "--show flags has no --format html"),
        (("--show", "flags", "--format", "junit"), "--show flags has no --format junit"),
        (("--show", "all", "-o", "a-file"), "a-file: is a file"),
        (("--show", "flags", "-o", "a-folder"), "a-folder: is a folder"),
        (("-o", "a-folder"), "a-folder: is a folder"),
        (("--show", "nope"), "'nope' is not one of"),
        (("--workload", "nope"), "no workload 'nope'; there are: cifar10_medium"),
        (("--platforms", "azure/*"), "no platform matches azure/*"),
    ],
)
def test_impossible_combinations_of_options_are_refused(
    folder: Path, words: tuple[str, ...], says: str
) -> None:
    (folder / "a-file").touch()
    (folder / "a-folder").mkdir(exist_ok=True)
    done = eqc("report", "equivalence_classes", *words, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr


def test_a_run_of_our_own(tmp_path: Path) -> None:
    spec = written(tmp_path, SMALL.replace("layers: true", "layers: true, keep: all"))
    assert eqc("run", spec, "--isolation", "process", cwd=tmp_path).returncode == 0
    layers = rows(shown(tmp_path, "layers", store="results"))
    assert [row["layer"] for row in layers[:2]] == ["conv2d", "activation"]
    details = rows(shown(tmp_path, "layer-details", store="results"))
    assert all(row["deviating after"] is not None for row in details)
    threads = rows(shown(tmp_path, "collapse", store="results"))
    assert [row["cores"] for row in threads if row["by"] == "threads"] == [1, 2]
    done = eqc("report", "results", "--show", "measurements", "--format", "csv", cwd=tmp_path)
    heads, *measured = csv.reader(io.StringIO(done.stdout))
    assert measured[0][heads.index("framework")] == "numpy"
    done = eqc("report", "results", "--format", "junit", cwd=tmp_path)
    suites = ET.fromstring(done.stdout.encode())
    assert [suite.attrib["tests"] for suite in suites] == ["3", "3"]
    assert suites.attrib["failures"] == suites.attrib["errors"] == "0"
