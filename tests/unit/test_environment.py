"""The environment variables that tests see."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.environment import clean

HOSTILE = {
    "OPENBLAS_CORETYPE": "Haswell",
    "MKL_CBWR": "COMPATIBLE",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2",
    "XDG_CACHE_HOME": "/nowhere",
    "AWS_SECRET_ACCESS_KEY": "planted",
    "EQC_OWNER": "somebody",
    "PYTHONHASHSEED": "7",
}


def test_variables_that_the_caller_sets_are_removed() -> None:
    assert clean({**HOSTILE, "PATH": "/bin"}) == {"PATH": "/bin"}


def test_variables_for_the_tests_and_for_proxies_stay() -> None:
    kept = {"EQC_REQUIRE": "docker", "AWS_CA_BUNDLE": "/ca", "https_proxy": "http://proxy"}
    assert clean(kept) == kept


def test_this_process_and_those_it_starts_are_clean() -> None:
    assert not HOSTILE.keys() & os.environ.keys()
    program = "import os, sys; sys.exit(any(n in os.environ for n in sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", program, *HOSTILE], check=True)
