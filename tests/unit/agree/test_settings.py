from __future__ import annotations

import pytest

from orchestrator.agree.settings import Setting, is_consistent, is_of, with_settings, words_of
from orchestrator.catalog.agreement import Kind
from orchestrator.model.experiment import Variant

CBWR = Setting(Kind.ENVIRONMENT, "MKL_CBWR", "COMPATIBLE")
OTHER = Setting(Kind.ENVIRONMENT, "MKL_CBWR", "AVX2")
MKLDNN = Setting(Kind.FLAG, "mkldnn", False)
THREADS = Setting(Kind.THREADS, "threads", 1)
DOUBLE = Setting(Kind.PRECISION, "precision", "float64")


def test_a_variant_gets_all_of_them_beside_its_own() -> None:
    own = Variant("torch", environment=(("A", "1"),), flags=(("seed", 3),))
    found = with_settings(own, {THREADS, MKLDNN, CBWR, DOUBLE})
    assert found.environment == (("A", "1"), ("MKL_CBWR", "COMPATIBLE"))
    assert found.flags == (("mkldnn", False), ("seed", 3))
    assert (found.threads, found.precision) == (1, "float64")
    assert with_settings(own, ()) == own


@pytest.mark.parametrize(
    ("setting", "variant"),
    [
        (OTHER, Variant("torch", environment=(("MKL_CBWR", "AVX"),))),
        (MKLDNN, Variant("torch", flags=(("mkldnn", True),))),
        (THREADS, Variant("torch", threads=4)),
        (DOUBLE, Variant("torch", precision="float64")),
    ],
)
def test_what_a_variant_sets_itself_is_its_own(setting: Setting, variant: Variant) -> None:
    assert is_of(setting, variant)
    assert not is_of(setting, Variant("torch"))


def test_one_thing_is_set_once() -> None:
    assert is_consistent({CBWR, MKLDNN, THREADS})
    assert not is_consistent({CBWR, OTHER})


def test_words() -> None:
    assert words_of({THREADS, MKLDNN, CBWR}) == "MKL_CBWR=COMPATIBLE, mkldnn=false, threads=1"
    assert words_of(()) == "nothing"
