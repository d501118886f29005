from __future__ import annotations

from typing import Any

import pytest

from orchestrator import catalog
from orchestrator.model.experiment import Platform, Scalar, pairs
from orchestrator.model.machine import CloudPlacement, Offer, Unavailable


def asked(provider: str, parameters: dict[str, Scalar], **placement: Any) -> Platform:
    return Platform(provider, "asked", pairs(parameters), CloudPlacement(**placement))


def names(platform: Platform) -> list[str]:
    return [each.name for each in catalog.candidates(platform)]


def test_the_cheapest_region_comes_first_and_opt_in_regions_are_left_out() -> None:
    found = catalog.offers(asked("aws", {"machine_type": "c5.large"}))
    prices = [offer.price_per_hour for offer in found]
    known = [price for price in prices if price is not None]
    assert prices == sorted(known) + [None] * (len(prices) - len(known))
    assert len(known) > 5
    assert found[0] == Offer("us-east-1", None, "c5.large", spot=False, price_per_hour=0.085)
    assert "eu-south-1" not in {offer.region for offer in found}
    (south,) = catalog.offers(asked("aws", {"machine_type": "c5.large"}, regions=("eu-south-1",)))
    assert south.region == "eu-south-1"


def test_a_region_that_was_asked_for_is_tried_also_without_a_price() -> None:
    platform = asked("aws", {"machine_type": "c5.large"}, regions=("ap-southeast-7", "us-east-1"))
    assert [p.region for p in catalog.offers(platform)] == ["us-east-1", "ap-southeast-7"]
    assert catalog.offers(platform)[-1].price_per_hour is None


def test_a_type_without_any_price_is_tried_everywhere() -> None:
    found = catalog.offers(asked("aws", {"family": "m8i"}))
    assert {offer.price_per_hour for offer in found} == {None}
    assert found[0].region == "us-east-1"
    assert len(found) > 10


def test_spot_comes_first_then_on_demand() -> None:
    platform = asked("gcp", {"machine_type": "n1-standard-2"}, spot=True, regions=("europe-west4",))
    spot, other = catalog.offers(platform)
    assert (spot.spot, other.spot) == (True, False)
    assert spot.price_per_hour is not None
    assert other.price_per_hour is not None
    assert spot.price_per_hour < other.price_per_hour
    first, *_, last = catalog.offers(asked("aws", {"machine_type": "c5.large"}, spot=True))
    assert (first.spot, first.price_per_hour, first.region) == (True, None, "us-east-1")
    assert not last.spot


def test_zones_are_named_only_where_they_were_asked_for() -> None:
    platform = asked(
        "gcp",
        {"machine_type": "n2-standard-2"},
        zones=("europe-west4-b", "us-central1-a", "us-central1-f"),
    )
    found = [(offer.region, offer.zone) for offer in catalog.offers(platform)]
    assert found == [
        ("us-central1", "us-central1-a"),
        ("us-central1", "us-central1-f"),
        ("europe-west4", "europe-west4-b"),
    ]


def test_a_limit_keeps_only_what_is_known_to_be_below() -> None:
    c5 = {"machine_type": "c5.large"}
    found = catalog.offers(asked("aws", c5, max_price=0.09))
    assert found
    assert all((offer.price_per_hour or 9) <= 0.09 for offer in found)
    spot = catalog.offers(asked("aws", c5, max_price=0.09, spot=True))
    assert {offer.spot for offer in spot} == {True, False}
    for parameters in (c5, {"family": "m8i"}):
        with pytest.raises(Unavailable, match=r"at most 0\.01 USD"):
            catalog.offers(asked("aws", parameters, max_price=0.01))


@pytest.mark.parametrize(
    ("provider", "parameters", "expected"),
    [
        ("aws", {"family": "c5"}, ["c5.large"]),
        ("aws", {"family": "p4d"}, ["p4d.24xlarge"]),
        ("aws", {"gpu": "T4"}, ["g4dn.xlarge"]),
        ("aws", {"gpu": "K80"}, ["p2.xlarge"]),
        ("aws", {"gpu": "A100"}, ["p4d.24xlarge", "p4de.24xlarge"]),
        ("gcp", {"gpu": "T4"}, ["n1-standard-2"]),
        ("gcp", {"gpu": "L4"}, ["g2-standard-4"]),
        ("gcp", {"gpu": "A100"}, ["a2-highgpu-1g"]),
        ("gcp", {"machine_type": "n1-highmem-8", "gpu": "V100"}, ["n1-highmem-8"]),
        ("gcp", {"family": "n1"}, ["n1-standard-2"]),
        ("gcp", {"machine_type": "custom-6-8192"}, ["custom-6-8192"]),
        ("gcp", {"microarchitecture": "Granite Rapids"}, ["c4-highcpu-2"]),
        ("aws", {"family": "c5", "microarchitecture": "Cascade Lake"}, ["c5.large"]),
        ("gcp", {"family": "n2", "cpu_platform": "Intel Ice Lake"}, ["n2-standard-2"]),
    ],
)
def test_one_hardware_for_one_platform(
    provider: str, parameters: dict[str, Scalar], expected: list[str]
) -> None:
    assert names(asked(provider, parameters)) == expected


def test_types_with_a_single_microarchitecture_are_preferred() -> None:
    for march in ("Cascade Lake", "Zen 3", "Neoverse N1"):
        found = catalog.candidates(asked("aws", {"microarchitecture": march}))
        assert {each.microarchitectures for each in found} == {(march,)}
        assert len({(each.vcpus, each.memory_bytes) for each in found}) == 1
    (only,) = {e.family for e in catalog.candidates(asked("gcp", {"microarchitecture": "Haswell"}))}
    assert only in ("n1", "e2")


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("n2-standard-2", {"cpu_platform": "Intel Ice Lake"}, "Intel Ice Lake"),
        ("n2-standard-2", {"microarchitecture": "Cascade Lake"}, "Intel Cascade Lake"),
        ("custom-4-8192", {"microarchitecture": "Haswell"}, "Intel Haswell"),
        ("e2-standard-2", {"microarchitecture": "Haswell"}, None),
        ("n2-standard-2", {"family": "n2"}, None),
    ],
)
def test_the_minimum_cpu_platform_for_compute_engine(
    name: str, parameters: dict[str, Scalar], expected: str | None
) -> None:
    assert catalog.min_cpu_platform(asked("gcp", parameters), name) == expected


@pytest.mark.parametrize(
    ("provider", "parameters"),
    [
        ("aws", {"machine_type": "c5.gigantic"}),
        ("aws", {"microarchitecture": "Zen 9"}),
        ("aws", {"gpu": "P4"}),
        ("gcp", {"machine_type": "n2-standard-8", "gpu": "T4"}),
        ("gcp", {"machine_type": "n2d-standard-2", "cpu_platform": "Intel Skylake"}),
        ("gcp", {"machine_type": "n2d-standard-2", "cpu_platform": "AMD Vermeer"}),
        ("gcp", {"machine_type": "x9-custom-2-2048"}),
        ("ssh", {"host": "alpha"}),
    ],
)
def test_hardware_that_is_not_offered(provider: str, parameters: dict[str, Scalar]) -> None:
    with pytest.raises(Unavailable):
        catalog.offers(asked(provider, parameters))


def test_the_architecture_an_image_needs() -> None:
    assert catalog.architecture(asked("aws", {"family": "a1"})) == "arm64"
    assert catalog.architecture(asked("aws", {"machine_type": "g5g.xlarge"})) == "arm64"
    assert catalog.architecture(asked("gcp", {"family": "t2a"})) == "arm64"
    assert catalog.architecture(asked("aws", {"gpu": "T4"})) == "x86_64"
    assert catalog.architecture(asked("emulated", {"arch": "arm64"})) == "arm64"
    assert catalog.architecture(asked("local", {})) is None


def test_quotas_go_by_the_providers_code() -> None:
    c5 = catalog.machine_type("aws", "c5.large")
    assert c5.quota is not None
    assert c5.spot_quota is not None
    assert (c5.quota.code, c5.spot_quota.code) == ("L-1216C47A", "L-34B43A08")
    ultra = catalog.machine_type("gcp", "a2-ultragpu-1g")
    assert ultra.spot_quota is not None
    assert ultra.spot_quota.code == "PREEMPTIBLE_NVIDIA_A100_80GB_GPUS"
    how = catalog.attachable("gcp", "T4")
    assert how is not None
    quota = catalog.quota_of("gcp", how["quota"], spot=False)
    assert quota is not None
    assert (quota.code, quota.unit) == ("NVIDIA_T4_GPUS", "GPUs")
    assert catalog.machine_type("aws", "hpc7g.4xlarge").spot_quota is None


def test_selecting() -> None:
    types = catalog.machine_types("aws").values()
    arm = catalog.select(types, vendors=("Arm",), sizes=("large",), max_price=0.05)
    assert "t4g.large" in {each.name for each in arm}
    assert {each.architecture for each in arm} == {"arm64"}
    # m4 machines may be Haswell or Broadwell: either name finds them.
    for march in ("Haswell", "Broadwell"):
        found = catalog.select(types, families=("m4",), microarchitectures=(march,))
        assert "m4.large" in {each.name for each in found}
    unpriced = catalog.select(types, families=("m8i",), max_price=1000)
    assert unpriced == ()
    assert catalog.select(types, families=("p2",), regions=("eu-south-1",)) == ()
    either = catalog.machine_type("gcp", "e2-standard-2")
    assert either.vendor is None
    assert either in catalog.select([either], vendors=("AMD",))
