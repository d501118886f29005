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
    if path is None:
        pytest.skip("no qemu-x86_64-static; install qemu-user-static")
    return path
