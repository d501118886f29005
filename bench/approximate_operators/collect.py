"""``python collect.py FRAMEWORK FILE…``: one framework's part of ``approximate_operators.json``.

Of what ``measure.py`` printed, in one or several settings: an operator has the instructions that
it executed in any of them. Names with a space are special cases of the operator before it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

DISTRIBUTIONS = {"tensorflow": "tensorflow-cpu"}
# Scalar and 64-bit halves of one unit are probed in their packed form.
PROBED = {"rcpss": "rcpps", "rsqrtss": "rsqrtps"}


def collected(framework: str, reports: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """``version``, ``measured`` (all operators) and ``operators`` (those that execute some)."""
    measured: dict[str, set[str]] = {}
    for report in reports:
        for name, found in report.items():
            if "digest" in found:
                own = measured.setdefault(name.partition(" ")[0], set())
                own.update(probed(one) for one in (*found["executed"], *found["made"]))
    return {
        "version": version(DISTRIBUTIONS.get(framework, framework)),
        "measured": sorted(measured),
        "operators": {name: sorted(given) for name, given in sorted(measured.items()) if given},
    }


def probed(name: str) -> str:
    """The instruction of the probe: ``rcpps`` for ``vrcpss``, ``vrcp14ps`` for ``vrcp14ss``."""
    plain = name[1:] if name.startswith(("vrcps", "vrcpp", "vrsqrts", "vrsqrtp")) else name
    if plain.endswith("h"):
        return f"{name[:-2]}ph"
    if plain.startswith("v") and plain[-2] == "s":
        return f"{plain[:-2]}p{plain[-1]}"
    return PROBED.get(plain, plain)


if __name__ == "__main__":
    found = collected(sys.argv[1], [json.loads(Path(one).read_text()) for one in sys.argv[2:]])
    json.dump({sys.argv[1]: found}, sys.stdout, indent=2)
