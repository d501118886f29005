"""``python -m eqc_runner.probe [--cpuid]``: the fingerprint, or the executed CPUID, as JSON."""

from __future__ import annotations

import json
import sys

from . import fingerprint

if __name__ == "__main__":
    found = fingerprint()
    if sys.argv[1:] == ["--cpuid"]:
        cpu = found["cpu"]
        found = {name: cpu[name] for name in ("leaves", "xcr0", "flags_kernel")}
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")
