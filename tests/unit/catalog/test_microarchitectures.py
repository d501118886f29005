from __future__ import annotations

import pytest

from orchestrator.catalog.microarchitectures import generation_age, gpu_generation, vendor_name


@pytest.mark.parametrize(
    ("capability", "name"),
    [
        ((3.0, 7.0), "Kepler"),  # K80
        ((5.0, 2.0), "Maxwell"),  # GTX 970, M60
        ((6.0, 0.0), "Pascal"),  # P100
        ((7.0, 0.0), "Volta"),  # V100
        ((7.0, 5.0), "Turing"),  # T4
        ((8.0, 0.0), "Ampere"),  # A100
        ((8.0, 9.0), "Ada Lovelace"),  # L4
        ((9.0, 0.0), "Hopper"),  # H100
        ((12.0, 0.0), "Blackwell"),
        ((1.0, 3.0), None),
        ((99.0, 0.0), None),
        ((float("inf"),), None),
    ],
)
def test_generations_of_gpus(capability: tuple[float, ...], name: str | None) -> None:
    assert gpu_generation(capability) == name


def test_generations_of_processors_are_ordered_by_age() -> None:
    names = ["Sandy Bridge", "Ivy Bridge", "Haswell", "Broadwell", "Skylake server"]
    names += ["Cascade Lake", "Kaby Lake", "Coffee Lake", "Ice Lake server", "Sapphire Rapids"]
    ages = [generation_age("GenuineIntel", name) for name in names]
    assert None not in ages
    assert ages == sorted(ages)
    assert generation_age("AuthenticAMD", "Haswell") is None


def test_vendors_have_their_usual_names() -> None:
    assert [vendor_name(name) for name in ("GenuineIntel", "ARM", None)] == ["Intel", "ARM", None]
