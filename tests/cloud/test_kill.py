"""``kill -9`` of ``eqc run`` at random moments of a cloud run, many times.

One machine runs at a strict EC2 fake and one at a strict Compute Engine fake; both are containers
with a real sshd. The assertions use the fakes' own records and the store's files.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event

import pytest

from orchestrator.images import ImageBuilder, connect
from tests.cloud.controller import MOMENTS, QUICK, Controller, Kill
from tests.cloud.two_clouds import Clouds, serving

pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]
AT_ONCE = int(os.environ.get("EQC_TEST_CONTROLLERS", "6"))
PHASES = {
    "starting, or ending what a killed call left",
    "intent written, no answer yet",
    "booting",
    "connecting, delivering, verifying",
    "computing",
    "results coming home",
    "releasing",
    "released, sweep not done",
    "after the sweep",
}


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    client = connect()
    ImageBuilder(client).ensure("numpy")
    client.close()
    with serving(tmp_path_factory.mktemp("cache")) as both:
        yield both


def test_a_few_kills(clouds: Clouds, tmp_path: Path) -> None:
    nothing_is_lost_doubled_or_left(clouds, tmp_path, kills=5, controllers=5, among=QUICK)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_kills(clouds: Clouds, tmp_path: Path) -> None:
    kills = nothing_is_lost_doubled_or_left(clouds, tmp_path, kills=100, controllers=AT_ONCE)
    phases = {phase for kill in kills for phase in kill.phases}
    assert phases >= PHASES, f"no kill fell into: {PHASES - phases}"


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_kills_while_others_ask_and_reap(clouds: Clouds, tmp_path: Path) -> None:
    """``EQC_TEST_KILLS`` of them, beside ``eqc status`` and ``eqc reap --yes``."""
    number = int(os.environ.get("EQC_TEST_KILLS", "100"))
    nothing_is_lost_doubled_or_left(clouds, tmp_path, kills=number, controllers=3, beside=True)


def nothing_is_lost_doubled_or_left(
    clouds: Clouds,
    folder: Path,
    *,
    kills: int,
    controllers: int,
    among: Sequence[str] = MOMENTS,
    beside: bool = False,
) -> list[Kill]:
    """Runs with one to three kills each, ``kills`` in all; each ends by ``run`` or by ``reap``.

    ``beside``: two more processes look at the machines of each run, and end those of a dead one.
    """
    seed = int(os.environ.get("EQC_TEST_SEED", random.randrange(1 << 32)))
    print(f"\nseed {seed}")
    began = time.monotonic()
    whole = Controller(folder / "undisturbed", f"undisturbed-{seed}", clouds)
    whole.finish()
    took = time.monotonic() - began
    whole.check_story()
    assert whole.left() == []
    wanted = whole.facts()
    assert {fact[2] for fact in wanted} == {"ok"}

    def stories(worker: int) -> list[Kill]:
        moments, done = random.Random(f"{seed}/{worker}"), []
        share = kills // controllers + (worker < kills % controllers)
        while len(done) < share:
            name = f"w{worker}-{len(done)}-{seed}"
            least = min(share - len(done), moments.randint(1, 3))
            controller = Controller(folder / name, name, clouds)
            with watched(controller) if beside else nullcontext():
                done += story(controller, moments, among, least, took, wanted)
        return done

    with ThreadPoolExecutor(controllers) as pool:
        given = [kill for each in pool.map(stories, range(controllers)) for kill in each]
    report(given, time.monotonic() - began)
    assert (clouds.ec2.machines(), clouds.gce.machines()) == ((), ())
    return given


@contextmanager
def watched(controller: Controller) -> Iterator[None]:
    """``eqc status`` and ``eqc reap`` beside what happens, again and again; each must succeed.

    Between two calls there are up to twenty seconds: without a pause they leave two processors
    no time for what they are beside.
    """
    ended, pauses = Event(), random.Random(controller.name)
    commands = (("status", "--json"), ("reap", "--yes"))

    def again(*words: str) -> int:
        calls = 0
        while not ended.is_set():
            controller.beside(*words)
            calls += 1
            ended.wait(pauses.uniform(0, 20))
        return calls

    with ThreadPoolExecutor(len(commands)) as pool:
        loops = [pool.submit(again, *words) for words in commands]
        try:
            yield
        finally:
            ended.set()
    print(f"{controller.name}: beside {', '.join(str(loop.result()) for loop in loops)} calls")


def story(
    controller: Controller,
    moments: random.Random,
    among: Sequence[str],
    least: int,
    took: float,
    wanted: object,
) -> list[Kill]:
    """``least`` kills of one run, one after the other; then ``eqc run`` or only ``eqc reap``."""
    given: list[Kill] = []
    ended = 0
    while len(given) < least and ended < 3:
        kill = controller.kill_once(moments, took, among)
        ended += kill is None
        given += [] if kill is None else [kill]
    where = f"{controller.folder}: {given}"
    if moments.random() < 0.3:
        reaped = controller.eqc("reap", "--yes", cwd=controller.folder / "bare")
        assert controller.left() == [], f"{where}: {reaped}"
        up = controller.eqc("status", "--json", cwd=controller.folder / "bare")
        owners = {machine["owner"] for machine in json.loads(up)["machines"]}
        assert controller.name not in owners, where
    # A run whose machines were released by ``eqc reap`` can be finished, too.
    controller.finish()
    assert controller.left() == [], where
    assert controller.facts() == wanted, where
    controller.check_story()
    return given


def report(given: list[Kill], seconds: float) -> None:
    print(f"{len(given)} kills in {seconds:.0f} s")
    moments = Counter(kill.moment for kill in given)
    print("waited for:", ", ".join(f"{name} {moments[name]}" for name in MOMENTS))
    phases = Counter(phase for kill in given for phase in set(kill.phases))
    for phase, count in phases.most_common():
        print(f"{count:5}  {phase}")
