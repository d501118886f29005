"""The runner's command line.

python -m eqc_runner run JOB_DIR OUT_DIR    exit 0 as long as observations could be written
python -m eqc_runner probe                  print this machine's fingerprint as JSON
python -m eqc_runner worker                 started by ``run`` only
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from eqc_runner import process_group


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code of the process."""
    parser = argparse.ArgumentParser(prog="eqc_runner", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="compute what JOB_DIR/job.json asks for")
    run.add_argument("job", type=Path, metavar="JOB_DIR")
    run.add_argument("out", type=Path, metavar="OUT_DIR")
    commands.add_parser("probe", help="print this machine's fingerprint as JSON")
    commands.add_parser("worker", help="(started by run)")
    options = parser.parse_args(arguments)
    # Each command imports only what it needs: the supervisor must not load NumPy, and a worker
    # imports its framework before anything else.
    if options.command == "run":
        from eqc_runner import supervisor  # noqa: PLC0415

        process_group.die_with_parent_if_asked()
        return supervisor.run(options.job, options.out)
    if options.command == "worker":
        from eqc_runner import worker  # noqa: PLC0415

        return worker.main(sys.stdin.buffer)
    from eqc_runner import probe  # noqa: PLC0415

    sys.stdout.write(json.dumps(probe.fingerprint(), sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
