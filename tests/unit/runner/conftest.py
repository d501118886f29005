from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from jobs import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def qemu() -> str:
    path = shutil.which("qemu-x86_64-static")
    # Tests that use it are marked ``emulated``, so they are skipped where QEMU is missing.
    assert path is not None
    return path
