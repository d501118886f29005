"""What ``eqc`` takes: the name, options and help of every command, apart from what it does.

Only what ``--help`` needs is imported here. What a command does is a function of a module beside
this folder, imported when the command is called.
"""

from orchestrator.cli.commands.experiments import doctor, plan, rehearse, run, schema, validate
from orchestrator.cli.commands.machines import catalog, images, probe, reap, status
from orchestrator.cli.commands.stores import diff, explain, import_, merge, report

COMMANDS = (
    *(catalog, diff, doctor, explain, images, import_, merge, plan, probe, reap, rehearse, report),
    *(run, schema, status, validate),
)

__all__ = ["COMMANDS"]
