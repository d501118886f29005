"""What experiment files may say about rented machines of any cloud whose types are catalogued."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, Field

from orchestrator import catalog
from orchestrator.yaml_files.fields import Strict, Words, dollars, many, word

Vendor = Literal["Intel", "AMD", "Arm"]
Vendors = Annotated[
    list[Vendor], MinLen(1), BeforeValidator(many, json_schema_input_type=Vendor | list[Vendor])
]
Architecture = Literal["x86_64", "arm64"]
Architectures = Annotated[
    list[Architecture],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=Architecture | list[Architecture]),
]


def _gpu(name: str) -> str:
    return word(name, catalog.gpus(), "GPU")


Gpus = Annotated[
    list[Annotated[str, AfterValidator(_gpu)]],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=str | list[str]),
]
MaxPrice = Annotated[
    float, BeforeValidator(dollars, json_schema_input_type=float | str), Field(gt=0)
]
"""US dollars per hour and machine."""


class Cloud(Strict):
    """Machines by type, or by what they are: family, size, microarchitecture, vendor, GPU."""

    families: Words | None = None
    sizes: Words | None = None
    machine_types: Words | None = None
    microarchitectures: Words | None = None
    vendors: Vendors | None = None
    architectures: Architectures | None = None
    gpus: Gpus | None = None
    max_price: MaxPrice | None = None
    regions: Words | None = None
    spot: bool = False
