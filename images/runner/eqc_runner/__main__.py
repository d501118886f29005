"""The runner's command line.

python -m eqc_runner run JOB_DIR OUT_DIR    exit 0 as long as observations could be written
python -m eqc_runner probe                  print this machine's fingerprint as JSON
python -m eqc_runner software FRAMEWORK     print what would compute its cells as JSON
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
    told = commands.add_parser("software", help="print what would compute as JSON")
    told.add_argument("framework", metavar="FRAMEWORK")
    told.add_argument("requires", nargs="*", metavar="REQUIREMENT", help="further packages")
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
    if options.command == "software":
        return _software(options.framework, options.requires)
    from eqc_runner import probe  # noqa: PLC0415
    from eqc_runner.presentation import check  # noqa: PLC0415

    answer = check.ask()
    seen = answer is None or answer.problem is None
    # Another CPU than was asked for is of no use, and may not even be readable.
    fingerprint = probe.fingerprint() if seen else {}
    fingerprint["presented"] = None if answer is None else answer._asdict()
    sys.stdout.write(json.dumps(fingerprint, sort_keys=True) + "\n")
    return 0


def _software(framework: str, requires: list[str]) -> int:
    from eqc_runner.failures import SessionError  # noqa: PLC0415
    from eqc_runner.software import software  # noqa: PLC0415

    try:
        found = software(framework, requires)
    except SessionError as error:
        sys.stderr.write(f"eqc_runner: {error.message}\n")
        return 1
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
