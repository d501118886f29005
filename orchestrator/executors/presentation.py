"""What presenting a computer as another CPU needs: a library and the sites of CPUID, as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentNotReady


@dataclass(frozen=True)
class PresentationFiles:
    """Paths as the runner sees them."""

    library: str
    sites: str


IN_IMAGE = PresentationFiles(
    "/opt/eqc/presentation/libpresent.so", "/opt/eqc/presentation/sites.tsv"
)
"""Every image carries them."""


def presentation_files(python: Path | None = None) -> PresentationFiles:
    """Those of processes of ``python`` (``None``: this interpreter), made where they are not there.

    Raises ``EnvironmentNotReady`` with what is to be installed.
    """
    raise EnvironmentNotReady(f"processes of {python} cannot be presented as another CPU yet")
