"""The Python API with a store imported from a few of the study's files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator import api
from orchestrator.errors import NotOfPlatforms, UsageError
from orchestrator.report.formats.json_format import json_text
from orchestrator.results.comparison import PLATFORM
from orchestrator.store.innfrastructure.importing import import_study


@pytest.fixture(scope="module")
def store(study_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    for path in (study_data / "equivalence_classes/gcloud/cpu").glob("intel_skylake*-i[01].json"):
        shutil.copy(path, folder / path.name)
    results = tmp_path_factory.mktemp("results")
    import_study(folder, results)
    return results


def test_a_choice_is_made_before_the_analysis(store: Path) -> None:
    everything = api.frame(store, "partitions")
    assert everything["platforms"].tolist() == [5] * 6
    chosen = api.frame(store, "partitions", api.Choice(workload="deep_weeds", input="i1"))
    assert chosen[["workload", "input"]].to_numpy().tolist() == [["deep_weeds", "i1"]]
    one = api.frame(store, "partitions", api.Choice(platforms=("*/intel_skylake_4/*",)))
    assert one["classes"].tolist() == [1] * 6


def test_cells_narrow_it_too(store: Path) -> None:
    cell = api.findings(store).records[0].cell
    assert len(api.findings(store, cells={cell}).records) == 1


def test_tensors_come_from_the_store(store: Path) -> None:
    found = api.frame(store, "consequences", api.Choice(workload="deep_weeds", input="i0"))
    assert set(found["outcome"]) == {"compared"}
    assert (found["largest absolute error"] > 0).all()


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (api.Choice(workload="net"), "no workload 'net'; there are: cifar10_medium, cifar10_small"),
        (api.Choice(input="i7"), "no input 'i7'; there are: i0, i1"),
        (api.Choice(platforms=("aws/*",)), r"no platform matches aws/\*; there are: "),
    ],
)
def test_a_choice_without_observations_lists_what_there_is(
    store: Path, choice: api.Choice, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        api.findings(store, choice)


def test_a_combination_without_observations_is_refused(store: Path, tmp_path: Path) -> None:
    shutil.copytree(store, tmp_path / "results")
    (path,) = (tmp_path / "results").rglob("*_4*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [line for line in lines if line["workload"]["label"] == "deep_weeds"]
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))
    choice = api.Choice(workload="cifar10_small", platforms=("*/intel_skylake_4/*",))
    with pytest.raises(UsageError, match="nothing was observed or planned that is all of"):
        api.findings(tmp_path / "results", choice)


def test_an_unknown_table_is_refused(store: Path) -> None:
    with pytest.raises(UsageError, match="no table 'nope': there are partitions, platforms"):
        api.table(store, "nope")


def test_sides_that_compare_along_different_axes_have_no_member_in_common(
    store: Path, tmp_path: Path
) -> None:
    by_input = tmp_path / "by-input.json"
    found = api.findings(store, compare=["input"])
    by_input.write_text(json_text(found.reported))
    same = api.difference(by_input, store, compare=["input"])
    assert (same.compare, same.differs) == (("input",), False)
    with pytest.raises(UsageError, match=r"compares along input, the current results along plat"):
        api.difference(by_input, store)
    of_platforms = tmp_path / "platforms.json"
    of_platforms.write_text(json_text(api.findings(store).reported))
    assert api.difference(of_platforms, store).noun is PLATFORM


def test_what_matches_no_member_is_not_called_a_platform(store: Path) -> None:
    with pytest.raises(UsageError, match=r"no member matches gcloud/\*; there are: i0, "):
        api.findings(store, api.Choice(platforms=("gcloud/*",)), compare=["input"])


def test_what_orders_platforms_is_refused_for_other_members(store: Path) -> None:
    with pytest.raises(NotOfPlatforms, match="--compare platform --show collapse"):
        api.frame(store, "collapse", compare=["input"])
    assert "members" in api.frame(store, "partitions", compare=["input"])
    assert len(api.frame(store, "cpu-classes", compare=["input"])) == 5
