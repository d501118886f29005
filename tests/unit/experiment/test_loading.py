from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from orchestrator import experiment as spec
from orchestrator.errors import EnvironmentNotReady, SpecError
from orchestrator.model.experiment import Isolation, Keep, Limits, Observe
from orchestrator.providers import registry

from .conftest import Load, Told, text_of

DESIGN = """\
schema: 1
name: simd-and-cores
workloads:
  - model: builtin:cifar10-small         # builtin: | onnx: | keras: | savedmodel: | …
    on: [tensorflow, torch, onnxruntime] # images
inputs:
  - images: [digits:0, digits:1, digits:6]
platforms:
  - provider: local
  - provider: emulated
    cpu: [SandyBridge, Haswell, EPYC-Milan]
  - provider: aws
    families: [c4, c5, m5]
    sizes: [large, xlarge]
    regions: [eu-central-1, us-east-1]
    spot: true
  - provider: aws
    gpus: [T4, V100, A100]
  - provider: gcp
    machine_types: [n2d-standard-{2,4,8,16,32}]
    cpu_platforms: [AMD Rome, AMD Milan]
  - provider: ssh
    hosts: hosts.yaml
exclude:
  - {provider: aws, families: [c4], on: [torch]}
vary:
  threads: [1, 2, 4, 8, 16]
  precision: [float16, float32, float64]
observe:
  layers: true
  kernels: true
  sessions: {cpu: 3, gpu: 33}
  keep: classes
limits: {cost: 20 USD, hours: 2, machines: 16}
"""

BAD = """\
schema: 1
name: ten
workloads:
  - model: builtin:cifar10-smal
    on: [tensorflow]
  - model: builtin:lenet5
    on: [tensorfow]
  - model: onnx:nowhere.onnx
    weight: seed:1
inputs:
  - images: [digits:9999, gone.jpg]
    for: [lenet5]
platforms:
  - provider: emulate
  - provider: emulated
    cpu: [Hasswell]
    cpu: [Nehalem]
  - provider: mask
    levels: [avx3, avx]
exclude:
  - {provider: local, onn: [torch]}
vary:
  threads: [1, two]
observe: {sessions: {cpu: 0}}
limits: {cost: 20 EUR}
isolatoin: docker
"""


def test_the_example_of_the_design(load: Load, tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("- alpha\n- {name: beta, user: me, port: 2222}\n")
    experiment = load(DESIGN)
    assert experiment.name == "simd-and-cores"
    assert experiment.source == DESIGN
    assert len(experiment.platforms) == 1 + 3 + 6 + 3 + 10 + 2
    assert len(experiment.variants) == 15
    assert experiment.limits == Limits(cost=20.0, hours=2.0, machines=16)
    assert experiment.observe_cpu == Observe(True, True, 3, "fork", Keep.CLASSES)
    assert experiment.observe_gpu.sessions == 33
    assert experiment.isolation is Isolation.AUTO


def test_many_mistakes_are_told_at_once_each_at_its_place(told: Told) -> None:
    found = {(m.line, m.column): m.message for m in told(BAD)}
    expected = {
        (4, 12): "did you mean 'cifar10-small'?",
        (7, 10): "did you mean 'tensorflow'?",
        (8, 12): "'nowhere.onnx' does not exist",
        (9, 5): "unknown key 'weight'; did you mean 'weights'?",
        (11, 14): "digits:9999 does not exist",
        (11, 27): "'gone.jpg' does not exist",
        (14, 5): "unknown provider 'emulate'; did you mean 'emulated'?",
        (16, 11): "QEMU has no x86_64 CPU 'Hasswell'; did you mean 'Haswell'?",
        (17, 5): "key 'cpu' is given twice, first on line 16",
        (19, 14): "'avx3' is not valid; did you mean 'avx'?",
        (21, 23): "unknown key 'onn'; did you mean 'on'?",
        (23, 16): "vary.threads[1]: should be a whole number, not 'two'",
        (24, 27): "observe.sessions.cpu: should be at least 1, not 0",
        (25, 16): "an amount is written like '20 USD', not '20 EUR'",
        (26, 1): "unknown key 'isolatoin'; did you mean 'isolation'?",
    }
    assert set(found) == set(expected)
    for place, part in expected.items():
        assert part in found[place]


def test_mistakes_come_in_the_order_of_the_file_with_its_name(told: Told) -> None:
    found = told(BAD)
    assert [m.line for m in found] == sorted(m.line for m in found)
    assert all(m.file.endswith("x.yaml") for m in found)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("schema: 2\n", 1, "schema"),
        (text_of().replace("schema: 1\n", ""), 1, "needs the key 'schema'"),
        (
            text_of().replace("name: test", "name: a/b"),
            2,
            "name: should be at most 64 letters, digits",
        ),
        (
            text_of().replace("name: test", "name: 5"),
            2,
            "name: should be text, not 5; like 'name: quickstart'",
        ),
        (text_of(workloads=""), 1, "needs the key 'workloads'"),
        (
            text_of(workloads="workloads: []\n"),
            3,
            "workloads: should be of at least 1 item; like 'workloads: [{model",
        ),
        (text_of(platforms="platforms: [{cpu: x}]\n"), 7, "needs the key 'provider'"),
        (text_of("observe: {keep: everything}\n"), 9, "valid: all, classes, final, none"),
        (text_of("limits: {memory: 4 Gigs}\n"), 9, "a size is written like '4 GiB'"),
        (text_of("exclude: [{}]\n"), 9, "a filter without fields"),
        (text_of("exclude: [{on: [tensorflow]}]\n"), 9, "nothing in this experiment has on"),
        (text_of("exclude: [{provider: aws}]\n"), 9, "nothing in this experiment has provider"),
        (text_of("include: [{input: digits:3}]\n"), 9, "did you mean 'digits:0'?"),
        (text_of("exclude: [{threads: 4}]\n"), 9, "nothing in this experiment has threads 4"),
        ("- 1\n", 1, "an experiment file is a mapping"),
    ],
)
def test_a_mistake(told: Told, text: str, line: int, part: str) -> None:
    matching = [m for m in told(text) if part in m.message]
    assert [m.line for m in matching] == [line]


def test_what_refers_to_a_wrong_entry_is_not_blamed_for_it(told: Told) -> None:
    text = text_of(
        "exclude: [{model: cifar10-small, on: torch}]\n",
        workloads='workloads:\n  - {model: "builtin:cifar10-smal", on: [torch]}\n',
        inputs="inputs:\n  - {images: [digits:0], for: [cifar10-small]}\n",
    )
    assert [m.line for m in told(text)] == [4]


def test_a_missing_file_is_a_mistake_of_the_experiment(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no such file"):
        spec.load(tmp_path / "none.yaml", registry.providers())
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\n")
    with pytest.raises(SpecError, match="not UTF-8"):
        spec.load(tmp_path / "latin.yaml", registry.providers())


def test_a_cache_that_cannot_be_written_is_not_a_mistake_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text_of())
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentNotReady, match="cannot be written"):
        spec.load(tmp_path / "x.yaml", registry.providers(), cache=tmp_path / "file" / "cache")


def test_inputs_go_to_the_users_cache(tmp_path: Path, small_cache: Path) -> None:
    (tmp_path / "x.yaml").write_text(text_of())
    ((given, _),) = spec.load(tmp_path / "x.yaml", registry.providers()).inputs
    ((_, digest, path),) = given.tensors
    assert Path(path) == small_cache / "eqc-orchestrator" / "inputs" / f"{digest}.npy"


def test_the_published_schema_is_in_step() -> None:
    published = (files("orchestrator.experiment") / "experiment.schema.json").read_text("utf-8")
    assert json.loads(published) == spec.json_schema(registry.providers()), "run: make schemas"


def test_the_schema_accepts_what_loads_and_refuses_what_does_not() -> None:
    schema = spec.json_schema(registry.providers())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    # PyYAML needs the braces quoted and reads `on` as a boolean.
    text = DESIGN.replace("[n2d-standard-{2,4,8,16,32}]", "['n2d-standard-{2,4,8,16,32}']")
    data = yaml.safe_load(text.replace("on: [t", "'on': [t"))
    assert list(validator.iter_errors(data)) == []
    assert list(validator.iter_errors({**data, "workload": []}))
    assert list(validator.iter_errors({**data, "platforms": [{"provider": "mars"}]}))


def test_a_timed_cell_has_one_session_more(load: Load) -> None:
    found = load(text_of("observe: {sessions: 2, time: 20}\n"))
    assert found.observe_cpu == Observe(sessions=3, time=20)
