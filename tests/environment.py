"""Which of the caller's environment variables tests, and the processes they start, may see.

``tests/__init__.py`` cleans this process before anything else is imported, so a process that a
test starts with this environment has a clean one too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from eqc_runner.steering import steers
from orchestrator.system.environment import CREDENTIALS

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("EQC_REQUIRE", "EQC_STUDY_DATA", "EQC_TEST_*")
"""Settings of the tests themselves."""
CHANGING = (
    *("EQC_*", "XDG_*", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR*"),
    *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONUTF8"),
    *("COMPOSE_*", "STORAGE_EMULATOR_HOST", "CLOUDSDK_CORE_PROJECT", "CLOUDSDK_API_*"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_*", "AWS_CONFIG_FILE"),
    *("MPLBACKEND", "MPLCONFIGDIR", "SSH_AUTH_SOCK"),
)
"""Variables that change what the product does or shows, beside what steers numerics."""
MARK = "EQC_TEST_CLEANED"
"""Set in processes whose environment is clean, and in those that they start."""
CERTIFICATES = "*CA_BUNDLE*"
"""Kept: behind a company's proxy, installing packages needs these certificates."""


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without the variables that tests must not depend on."""
    return {name: value for name, value in environment.items() if _stays(name)}


def clean_this_process() -> None:
    """Clean this process's environment; Python processes started from it find the project.

    Processes of a test that import ``tests`` keep what the test has set for them.
    """
    if MARK in os.environ:
        return
    for name in os.environ.keys() - clean(os.environ).keys():
        del os.environ[name]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "images" / "runner")])
    os.environ[MARK] = "1"


def _stays(name: str) -> bool:
    if any(fnmatchcase(name, pattern) for pattern in (*KEPT, CERTIFICATES)):
        return True
    return not steers(name) and not any(
        fnmatchcase(name.upper(), pattern) for pattern in (*CHANGING, *CREDENTIALS)
    )
