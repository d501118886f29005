"""The study's figures from its published files and the command line alone."""

from __future__ import annotations

import csv
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.e2e.running import environment, eqc

TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.fixture(scope="module")
def study(study_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    done = eqc("import", "innfrastructure", study_data, "--into", "study", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def texts(path: Path) -> list[str]:
    return ["".join(text.itertext()) for text in ET.parse(path).iter(TEXT)]


def data(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("precision", "classes", "root", "bits"),
    [("float16", 3, 5, 10), ("float32", 9, 15, 23), ("float64", 4, 41, 52)],
)
def test_figure_6_of_the_three_precisions(
    study: Path, precision: str, classes: int, root: int, bits: int
) -> None:
    words = ("--workload", "cifar10_medium", "--input", "unstated")
    words = (*words, "--variant", f"tensorflow {precision}", "--figures", precision)
    done = eqc("report", "study", *words, cwd=study)
    assert done.returncode == 0, done.stderr
    assert f"{classes} classes, {root} of {bits} bits remain" in done.stdout
    assert "no figure 5: no layers were observed" in done.stdout
    name = f"figure-6-cifar10_medium-unstated-tensorflow_{precision}"
    written = texts(study / precision / f"{name}.svg")
    rows = data(study / precision / f"{name}.csv")
    leaves = [row for row in rows if row["platform"]]
    assert len(leaves) == 14
    assert {row["platform"] for row in leaves} <= set(written)
    assert len({row["classes_below"] for row in leaves}) == classes
    assert {str(number) for number in range(1, classes + 1)} <= set(written)
    assert {row["agree_on_bits"] for row in leaves} == {str(bits)}
    assert min(int(row["agree_on_bits"]) for row in rows) == root


def test_figures_1_and_2_of_the_65_machines_and_no_byte_differs_the_second_time(
    study: Path,
) -> None:
    words = ("--workload", "cifar10_medium", "--input", "i0")
    for folder in ("once", "twice"):
        done = eqc("report", "study", *words, "--figures", folder, cwd=study)
        assert done.returncode == 0, done.stderr
    once, twice = (
        {path.name: path.read_bytes() for path in (study / folder).iterdir()}
        for folder in ("once", "twice")
    )
    assert once == twice
    assert sorted(Path(name).suffix for name in once) == [".csv"] * 3 + [".svg"] * 3
    counts = data(study / "once" / "figure-1.csv")
    assert len(counts) == 65
    assert counts[-1]["classes_so_far"] == "16"
    name = "figure-2-cifar10_medium-i0-tensorflow_float32"
    classes: dict[tuple[str, str], str] = {
        (row["generation"], row["count"]): row["class_id"]
        for row in data(study / "once" / f"{name}.csv")
    }
    # Ice Lake joins Skylake at 4 cores, and all Intel since Haswell at 16.
    assert classes["Ice Lake server", "2"] != classes["Skylake server", "2"]
    assert classes["Ice Lake server", "4"] == classes["Skylake server", "4"]
    assert classes["Haswell", "8"] != classes["Skylake server", "8"]
    assert classes["Haswell", "16"] == classes["Skylake server", "16"]
    assert classes["Haswell", "16"] != classes["Sandy Bridge", "16"]
    assert {"5 / 9", "3 / 9", "Ice Lake server"} <= set(texts(study / "once" / f"{name}.svg"))


def test_a_report_for_programs_keeps_stdout_to_itself(study: Path) -> None:
    words = ("--workload", "cifar10_small", "--input", "i0", "--format", "json")
    words = (*words, "--figures", "drawn", "--figure-format", "pdf")
    done = eqc("report", "study", *words, cwd=study)
    assert done.returncode == 0
    assert done.stdout.startswith("{")
    assert "figure-1.pdf" in done.stderr
    assert (study / "drawn" / "figure-1.pdf").read_bytes().startswith(b"%PDF")
    assert (
        eqc("report", "study", "--figures", "x", "--figure-format", "gif", cwd=study).returncode
        == 2
    )


def test_without_matplotlib_the_extra_is_named(study: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None; "
        "from orchestrator.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "report", "study", "--figures", "never"],
        cwd=study,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 8
    assert "pip install 'eqc-orchestrator[figures]'" in done.stderr
    assert not (study / "never").exists()
