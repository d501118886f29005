"""What is written can be read: the variant of the file is the variant that was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import catalog
from orchestrator import experiment as spec
from orchestrator.agree.fragment import fragment
from orchestrator.agree.settings import Setting, with_settings
from orchestrator.catalog.agreement import candidates_of
from orchestrator.model.experiment import Experiment, Variant, pairs
from orchestrator.providers.registry import providers

HEAD = """\
schema: 1
name: written
workloads: [{model: "builtin:lenet5", on: [%s]}]
inputs: [{random: {shape: [1, 32, 32, 1], seed: 1}}]
platforms: [{provider: local}]
"""
EVERY = [
    (name, Setting(each.kind, each.name, value))
    for name, framework in catalog.frameworks().items()
    if "builtin" in framework.sources
    for each in candidates_of(framework)
    for value in each.values
]


def loaded(folder: Path, text: str, on: str) -> Experiment:
    path = folder / "written.yaml"
    path.write_text(HEAD % on + text)
    return spec.load(path, providers(), cache=folder / "cache")


@pytest.mark.parametrize(("name", "setting"), EVERY, ids=lambda each: getattr(each, "words", each))
def test_every_setting_that_may_be_recommended_is_accepted(
    name: str, setting: Setting, tmp_path: Path
) -> None:
    wanted = with_settings(Variant(name), [setting])
    (found,) = loaded(tmp_path, fragment(wanted), name).variants
    assert (found.environment, found.flags) == (wanted.environment, wanted.flags)
    assert found.threads == wanted.threads
    assert found.precision in (wanted.precision, "stored")


values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")))
names = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "on")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(
    st.dictionaries(names, values.filter(lambda text: "\x85" not in text), max_size=3),
    st.one_of(st.none(), st.integers(1, 64)),
    st.booleans(),
)
def test_any_variant_is_read_as_it_was_written(
    tmp_path: Path, variables: dict[str, str], threads: int | None, compiled: bool
) -> None:
    wanted = Variant(
        "jax", environment=pairs(dict(variables)), flags=(("jit", compiled),), threads=threads
    )
    (found,) = loaded(tmp_path, fragment(wanted), "jax").variants
    assert found.environment == wanted.environment
    assert found.flags == wanted.flags
    assert found.threads == threads


def test_other_frameworks_of_the_file_keep_their_variants(tmp_path: Path) -> None:
    wanted = Variant("torch", environment=(("MKL_CBWR", "AVX2,STRICT"),), flags=(("seed", 0),))
    text = fragment(wanted, ["numpy", "jax"])
    found = loaded(tmp_path, text, "torch, numpy, jax").variants
    told = {each.framework: (each.environment, each.flags) for each in found}
    assert told == {
        "torch": (wanted.environment, wanted.flags),
        "numpy": ((), ()),
        "jax": ((), ()),
    }


def test_threads_are_said_to_be_everybodys_where_there_are_others() -> None:
    assert "threads: [1]  # for every framework" in fragment(Variant("torch", threads=1), ["numpy"])
    assert fragment(Variant("torch", threads=1)) == "vary:\n  threads: [1]\n"


def test_nothing_is_an_empty_mapping(tmp_path: Path) -> None:
    assert loaded(tmp_path, fragment(Variant("numpy")), "numpy").variants
