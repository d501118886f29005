"""What a spec says stays data, from its text to the words of a command: nothing in it is executed,
expanded or taken for an option.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator import experiment
from orchestrator.errors import Mistake, SpecError
from orchestrator.executors.compose import compose_text, service, service_name
from orchestrator.model.experiment import Experiment, Installation, Limits, Platform
from orchestrator.model.machine import Address, HostKey, Machine, Offer, Order
from orchestrator.plan.cells import make_plan
from orchestrator.providers import registry
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.request import user_data
from orchestrator.providers.ssh.hosts import read_hosts
from orchestrator.run.job import Job, write_job
from orchestrator.store.run_folder import safe_name
from orchestrator.yaml_files.files import FileMistake
from tests.unit.experiment.conftest import text_of

PIECES = (
    *("$(touch /tmp/pwned)", "`id`", "${HOME}", "$HOME", "$$", "${x:-y}", "; rm -rf /", "&& id"),
    *("| sh", "> /tmp/pwned", "--privileged", "-v/:/host", "-oProxyCommand=id", "'", '"', "\\"),
    *(
        "\n- evil: 1\n",
        "!!python/object/apply:os.system [id]",
        "&a",
        "*a",
        "{{7*7}}",
        "%s",
        "..",
        "/",
    ),
    *("<<: *a", "\u202e", "\x7f", "#", ": ", "@file", "~", "{a,b}", "\t"),
)
SHELLISH = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=5).map("".join)
WORD = SHELLISH.filter(lambda s: "\0" not in s)


def loaded(text: str, folder: Path) -> Experiment:
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return experiment.load(path, registry.providers(), cache=folder / "cache")


def writable(text: str) -> bool:
    """YAML has no way to write these, or its reader refuses them."""
    try:
        return bool(yaml.safe_load(json.dumps(text)) == text)
    except (yaml.YAMLError, UnicodeError):
        return False


@settings(max_examples=60, deadline=None)
@given(value=WORD)
def test_values_reach_the_job_as_they_are(value: str) -> None:
    assume(writable(value))
    variables = f"vary:\n  environment:\n    - {{EQC_TEST: {json.dumps(value)}}}\n"
    with tempfile.TemporaryDirectory() as folder:
        plan = make_plan(loaded(text_of(variables), Path(folder)))
        cell = plan.cells[0]
        assert dict(cell.variant.environment)["EQC_TEST"] == value
        machine = Machine("m", cell.platform)
        write_job(
            Job(machine, Installation("numpy"), ((cell, (0,)),)),
            Path(folder, "job"),
            Limits(),
            None,
        )
        (written,) = json.loads(Path(folder, "job/job.json").read_text())["cells"]
    assert written["environment"]["EQC_TEST"] == value


@settings(max_examples=150, deadline=None)
@given(text=st.lists(st.sampled_from(PIECES) | st.text(max_size=10), max_size=12).map("".join))
def test_any_text_is_an_experiment_or_a_mistake_with_its_place(text: str) -> None:
    told: list[Mistake] = []
    with tempfile.TemporaryDirectory() as folder:
        for whole in (text, text_of(text), text_of().replace("test", text, 1)):
            try:
                loaded(whole, Path(folder))
            except UnicodeEncodeError:
                continue
            except SpecError as error:
                told += error.mistakes
    assert all(mistake.line >= 1 and mistake.column >= 1 for mistake in told)


BOMBS = {
    "billion laughs": "a: &a [l, l, l, l, l, l, l, l, l, l]\n"
    + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "merged maps": "a: &a {x: 1}\n"
    + "".join(
        f"{b}: &{b} {{p: *{a}, q: *{a}, <<: *{a}}}\n"
        for a, b in zip("abcdefghijklmnopqrstuv", "bcdefghijklmnopqrstuvw", strict=True)
    ),
    "itself": "a: &a [*a]\n",
    "deep": "a: " + "[" * 5000 + "]" * 5000 + "\n",
    "deep maps": "a: " + "{a: " * 5000 + "1" + "}" * 5000 + "\n",
    "braces": "a: ['" + "{a,b}" * 40 + "']\n",
    "a range": "a: ['{1..999999999}']\n",
    "large": "a: '" + "x" * 300_000 + "'\n",
    "python": "a: !!python/object/apply:os.system ['touch pwned']\n",
    "unknown tag": "a: !secret x\n",
    "binary": "a: !!binary aGVsbG8=\n",
    "several documents": "a: 1\n---\nb: 2\n",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_yaml_bombs_are_refused_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: str
) -> None:
    monkeypatch.chdir(tmp_path)
    began = time.process_time()
    with pytest.raises(SpecError) as raised:
        loaded(bomb, tmp_path)
    assert time.process_time() - began < 10
    assert not (tmp_path / "pwned").exists()
    assert len(str(raised.value)) < 100_000


@given(title=WORD, other=WORD)
def test_a_service_is_called_by_no_more_than_letters(title: str, other: str) -> None:
    name = service_name(title)
    assert name
    assert all(c.isascii() and (c.isalnum() or c == "-") for c in name)
    assert not name.startswith("-")
    assert (service_name(other) == name) == (other == title)


@given(label=WORD, image=WORD, folder=WORD)
def test_a_compose_file_keeps_every_value(label: str, image: str, folder: str) -> None:
    assume(writable(label) and writable(image) and writable(folder))
    job = Path("/x") / safe_name(f"a{folder}")
    made = service(image, job, job, run_name=label, memory_bytes=None, deadline=1.0)
    read = yaml.safe_load(compose_text({"one": made}))["services"]["one"]
    # Compose turns $$ into $, and expands nothing else that has no $ before it.
    assert read["image"].replace("$$", "$") == image
    assert read["labels"]["eqc.run"].replace("$$", "$") == label
    assert "$" not in read["image"].replace("$$", "")
    assert {key for key in read if key not in made} == set()
    assert read["command"] == ["run", "/job", "/out"]


@given(name=WORD)
def test_a_name_is_one_path_component(name: str) -> None:
    made = safe_name(f"a{name}")
    assert Path(made).name == made
    assert made not in (".", "..")


@pytest.mark.parametrize(
    "word", ["-oProxyCommand=id", "-v", "a b", "a\nb", "", "a\x1b[2J", "--", "-@host", "a\x00"]
)
def test_host_names_are_no_options(tmp_path: Path, word: str) -> None:
    for host in ({"name": word}, {"name": "ok", "address": word}, {"name": "ok", "user": word}):
        file = tmp_path / "hosts.yaml"
        file.write_text(json.dumps([host]))
        with pytest.raises(FileMistake):
            read_hosts("hosts.yaml", tmp_path)
    with pytest.raises(FileMistake):
        read_hosts([word], tmp_path)


@given(host=WORD.filter(bool), machine=WORD.filter(bool), region=WORD.filter(bool))
def test_a_command_to_copy_is_one_command_of_plain_words(
    host: str, machine: str, region: str
) -> None:
    assume(not any(c in host + machine + region for c in "\0"))
    here = Machine(
        machine,
        Platform("ssh", "name"),
        address=Address(host),
        offer=Offer(region=region, zone=region),
        run="run-1",
    )
    assert shlex.split(registry.how_to_end(here))[:3] == ["ssh", "--", host]
    words = shlex.split(registry.how_to_end(replace(here, platform=Platform("aws", "name"))))
    assert machine in words
    assert region in words
    assert len(words) == 7


@settings(max_examples=30, deadline=None)
@given(owner=WORD, user=st.sampled_from(["ec2-user", "a;id", "$(id)"]), name=WORD)
def test_user_data_and_tags_contain_nothing_that_a_shell_would_run(
    owner: str, user: str, name: str
) -> None:
    key = HostKey("ssh-ed25519 AAAA", "-----BEGIN-----\n$(id)\n`id`\n-----END-----\n")
    config = yaml.safe_load(user_data(1e9, key, user))
    assert config["ssh_keys"]["ed25519_private"] == key.private
    for command in (*config["bootcmd"], *config["runcmd"]):
        script = command[-1]
        done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert user not in script or shlex.quote(user) in script
    order = Order("run-1", Platform("aws", name), owner=owner, expires=1.0, host_key=key)
    for tag in tags.of_order(order):
        assert key.private not in tag["Value"]
        assert len(tag["Value"]) <= tags.LONGEST
