from __future__ import annotations

import json
from dataclasses import replace

from orchestrator.agree.result import Agreement, Answer, Incomplete, Slowdown
from orchestrator.agree.settings import Setting
from orchestrator.agree.text import WARNING, agreements_json, agreements_text
from orchestrator.catalog.agreement import Kind
from orchestrator.model.experiment import Variant
from orchestrator.results.distance import Distance

CBWR = Setting(Kind.ENVIRONMENT, "MKL_CBWR", "COMPATIBLE")
FIXED = Setting(Kind.THREADS, "threads", 1)
ANSWER = Answer(
    settings=(CBWR,),
    variant=Variant("torch", environment=(("MKL_CBWR", "COMPATIBLE"),)),
    classes=(("local", "mask/avx2"),),
    change=Distance(largest_absolute=float("inf"), largest_relative=1e-7, largest_ulps=3),
    flips=(1, 10),
    slowdown=Slowdown(1.5, (1.4, 1.6), 20, 0.012, "local", "a CPU"),
)
FOUND = Agreement(
    label="torch float32",
    computations=(("matmul", "normal"),),
    platforms=("local", "mask/avx2"),
    before=(("local",), ("mask/avx2",)),
    without=(("emulated/Nehalem", "signal: died"),),
    unobserved=(),
    not_available=(("mask/sse4", "no switch"),),
    answers=(ANSWER,),
    incomplete=(Incomplete((FIXED,), (("local", "timeout: too long"),)),),
    idle=(FIXED,),
    candidates=2,
    tried=3,
    untried=0,
    seconds=84.2,
)


def test_the_text_has_all() -> None:
    text = agreements_text([FOUND])
    assert text.startswith("torch float32: matmul on normal\n")
    for line in (
        "without any setting: 2 classes",
        "    1: local",
        "without output, and left out: emulated/Nehalem (signal: died)",
        "not available: mask/sse4 (no switch)",
        "MKL_CBWR=COMPATIBLE: 1 class",
        "time: 1.50 times (half of 20 laps within 1.40 to 1.60; 12 ms without; ",
        "; measured on local, a CPU)",
        "outputs: at most inf from before, relative 1e-07, 3 ULP; 1 of 10 labels flip",
        "    - {on: [torch], MKL_CBWR: COMPATIBLE}",
        "incomplete: threads=1 (local: timeout: too long)",
        "alone these change nothing here: threads=1",
        "3 sets of 2 settings tried on 2 platforms in 84 s",
    ):
        assert line in text
    assert text.endswith(WARNING)


def test_what_ended_early_is_said() -> None:
    late = replace(FOUND, answers=(), untried=4, stopped="the time was over")
    text = agreements_text([late])
    assert "no set of settings merges classes, as far as was searched" in text
    assert "4 sets not tried: the time was over" in text


def test_agreement_is_only_claimed_where_all_were_observed() -> None:
    one = replace(FOUND, before=(("local", "mask/avx2"),), answers=())
    assert "all platforms agree" in agreements_text([one])
    early = replace(one, unobserved=("emulated/Haswell",))
    assert "all platforms agree" not in agreements_text([early])
    assert "not yet observed: emulated/Haswell" in agreements_text([early])
    alone = replace(one, platforms=("local",), before=(("local",),))
    assert "nothing to compare" in agreements_text([alone])


def test_long_lists_of_answers_are_cut_with_their_settings_named() -> None:
    many = replace(FOUND, answers=(ANSWER,) * 10)
    text = agreements_text([many])
    assert "2 more sets leave as few classes:\n    MKL_CBWR=COMPATIBLE" in text


def test_times_that_are_not_there_have_a_reason() -> None:
    untimed = replace(ANSWER, slowdown=None, not_timed="it died", change=None, flips=None)
    text = agreements_text([replace(FOUND, answers=(untimed,))])
    assert "time: not measured (it died)" in text
    assert "outputs: as before on every platform" in text


def test_json_has_no_infinities() -> None:
    text = json.dumps(agreements_json([FOUND]), allow_nan=False)
    (variant,) = json.loads(text)["variants"]
    (answer,) = variant["answers"]
    assert answer["largest_absolute"] == "inf"
    assert answer["slowdown"]["median"] == 1.5
    assert answer["settings"] == [
        {"kind": "environment", "name": "MKL_CBWR", "value": "COMPATIBLE"}
    ]
    assert answer["fragment"].startswith("vary:\n  environment:\n")
