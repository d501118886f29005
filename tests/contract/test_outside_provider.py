"""A provider that another installed distribution brings is one like ours; a broken one is told."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Platform, pairs
from orchestrator.providers import registry
from orchestrator.providers.registration import Surroundings
from orchestrator.store.read import read
from tests.contract import toy
from tests.contract.life import lives
from tests.e2e.running import eqc, written

EXPERIMENT = """\
schema: 1
name: toys
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3]}
platforms:
  - provider: toy
    colours: [red, blue]
exclude:
  - {provider: toy, platform: toy/blue}
observe: {sessions: 1}
isolation: process
"""
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """A folder in which distributions are installed, each with its own copy of the toy."""

    site = tmp_path / "site"
    site.mkdir()

    def install(name: str = "eqc-toy", target: str = "TOY", text: str | None = None) -> Path:
        module = name.replace("-", "_")
        shutil.copy(Path(toy.__file__), site / f"{module}.py")
        if text is not None:
            (site / f"{module}.py").write_text(text)
        about = site / f"{module}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        point = {"LOCAL": "local", "UNPAINTED": "unpainted"}.get(target, "toy")
        points = f"[eqc_orchestrator.providers]\n{point} = {module}:{target}\n"
        (about / "entry_points.txt").write_text(points)
        return site

    return install


def variables(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])}


def test_an_experiment_may_name_it(install: Install, tmp_path: Path) -> None:
    with_toy = variables(install())
    written(tmp_path, EXPERIMENT)
    done = eqc("validate", "experiment.yaml", cwd=tmp_path, **with_toy)
    assert done.stdout == "experiment.yaml: valid, 1 cell on 2 platforms\n", done.stderr
    done = eqc("plan", "experiment.yaml", cwd=tmp_path, **with_toy)
    assert "toy/red" in done.stdout
    done = eqc("run", "experiment.yaml", "--quiet", cwd=tmp_path, **with_toy)
    assert done.returncode == 0, done.stderr
    (record,) = read(tmp_path / "results").records
    assert record.platform.provider == "toy"
    assert record.status == "ok"
    done = eqc("validate", "experiment.yaml", cwd=tmp_path)
    assert done.returncode == 2, "it is not installed now"
    assert "unknown provider 'toy'; valid: aws, " in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    colour: [red, blue]", "10:5: unknown key 'colour'; did you mean 'colours'?"),
        ("    colours: [red, Blue]", "10:20: 'Blue' is no colour"),
        ("    colours: 3", "10:14: platforms[0].colours: should be text, not 3"),
    ],
)
def test_a_mistake_in_its_entry_has_its_place(
    install: Install, tmp_path: Path, line: str, said: str
) -> None:
    written(tmp_path, EXPERIMENT.replace("    colours: [red, blue]", line))
    done = eqc("validate", "experiment.yaml", cwd=tmp_path, **variables(install()))
    assert done.returncode == 2
    assert f"experiment.yaml:{said}" in done.stderr


def test_a_broken_one_stops_every_command_that_needs_providers(
    install: Install, tmp_path: Path
) -> None:
    written(tmp_path, EXPERIMENT.replace("toy", "local").replace("    colours: [red, blue]\n", ""))
    broken = variables(install(text="import nothing_of_that_name\n"))
    for command in ("validate", "plan", "run", "doctor"):
        done = eqc(command, "experiment.yaml", cwd=tmp_path, **broken)
        assert done.returncode == 8
        assert (
            "eqc-toy 1.0, entry point toy = eqc_toy:TOY in eqc_orchestrator.providers"
            in done.stderr
        )
        assert "No module named 'nothing_of_that_name'" in done.stderr
    assert eqc("--version", cwd=tmp_path, **broken).returncode == 0


@pytest.fixture
def registered(install: Install, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs for this process."""
    before = set(sys.modules)

    def forget() -> None:
        registry.registrations.cache_clear()
        registry._registry.cache_clear()

    def here(*words: str, **named: str) -> Path:
        folder = install(*words, **named)
        monkeypatch.syspath_prepend(str(folder))
        forget()
        return folder

    yield here
    monkeypatch.undo()
    forget()
    for name in set(sys.modules) - before:
        if name.startswith("eqc_toy"):
            del sys.modules[name]


def test_it_passes_the_suite_of_all_providers(registered: Install) -> None:
    registered()
    assert registry.is_here("toy")
    assert "toy" not in registry.rented()
    provider = registry.make("toy", Surroundings(frameworks=frozenset({"numpy"})))
    assert provider.surroundings.frameworks == {"numpy"}  # type: ignore[attr-defined]
    lives(provider, Platform("toy", "toy/red", pairs({"colour": "red"})))


def test_what_it_lacks_is_said(registered: Install) -> None:
    registered(target="UNPAINTED")
    with pytest.raises(
        EnvironmentNotReady, match=r"unpainted needs paint: install it; eqc-toy 1\.0 did"
    ):
        registry.make("unpainted")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"target": "NOTHING"}, r"eqc-toy 1.0, .*eqc_toy:NOTHING in .*has no attribute 'NOTHING'"),
        ({"target": "NO_REGISTRATION"}, "it is a str, not a ProviderRegistration"),
        ({"target": "LOCAL"}, "eqc-toy 1.0, .*eqc_toy:LOCAL in .*is one of eqc.s own"),
        ({"text": "TOY = 1/0\n"}, "eqc-toy 1.0, .*eqc_toy:TOY in .*ZeroDivisionError"),
        (
            {
                "text": "from orchestrator.providers.registration import ProviderRegistration\n"
                "from orchestrator.yaml_files.fields import Strict\n"
                "TOY = ProviderRegistration('toy', make=1, entry=Strict, resolve=list)\n"
            },
            'eqc-toy .*Strict needs the field provider: Literal."toy".',
        ),
    ],
)
def test_what_is_broken_names_its_distribution(
    registered: Install, named: dict[str, str], said: str
) -> None:
    registered(**named)
    with pytest.raises(EnvironmentNotReady, match=said):
        registry.registrations()


def test_two_of_one_name_are_told(registered: Install) -> None:
    registered()
    registered("eqc-toy-two")
    with pytest.raises(EnvironmentNotReady, match=r"toy = eqc_toy.*:TOY .* is also an entry point"):
        registry.registrations()
