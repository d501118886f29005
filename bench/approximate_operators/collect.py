"""``python collect.py FRAMEWORK FILE…``: one framework's part of ``approximate_operators.json``.

Of what ``measure.py`` printed, in one or several settings: an operator has the instructions that
it executed in any of them in which its output depends on them. Names with a space are special
cases of the operator before it.
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
    """``version``, ``measured`` (all operators), ``operators`` (whose output depends on some) and
    ``independent`` (those that execute some all the same)."""
    measured: dict[str, set[str]] = {}
    executed: dict[str, set[str]] = {}
    for report in reports:
        for name, found in report.items():
            if "digest" in found:
                operator = name.partition(" ")[0]
                own = measured.setdefault(operator, set())
                names = {probed(one) for one in (*found["executed"], *found["made"])}
                executed.setdefault(operator, set()).update(names)
                if found.get("depends") or found["made"]:
                    own.update(names)
    executed = {name: given - measured[name] for name, given in executed.items()}
    return {
        "version": version(DISTRIBUTIONS.get(framework, framework)),
        "measured": sorted(measured),
        "operators": _filled(measured),
        "independent": _filled(executed),
    }


def _filled(operators: dict[str, set[str]]) -> dict[str, list[str]]:
    return {name: sorted(given) for name, given in sorted(operators.items()) if given}


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
