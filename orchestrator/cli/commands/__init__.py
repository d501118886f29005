"""The name, options and help of every command of ``eqc``, without its implementation.

Only what ``--help`` needs is imported here, so that it is fast. The implementation of a command is
a function in a module of ``orchestrator.cli``, imported when the command is called.
"""

from orchestrator.cli.commands.experiments import doctor, plan, rehearse, run, schema, validate
from orchestrator.cli.commands.machines import catalog, cpus, images, probe, reap, status
from orchestrator.cli.commands.stores import diff, explain, import_, merge, report

COMMANDS = (
    *(catalog, cpus, diff, doctor, explain, images, import_, merge, plan, probe, reap, rehearse),
    *(report, run, schema, status, validate),
)

__all__ = ["COMMANDS"]
