"""Commands on machines: the catalogue, this computer, and rented machines that are running."""

from __future__ import annotations

import click

from orchestrator import catalog as known
from orchestrator.cli.commands.choices import ARCHITECTURES
from orchestrator.cli.commands.declaring import command, group
from orchestrator.cli.commands.options import FOLDER, as_json


class RentedProvider(click.ParamType[str]):
    """The name of a provider whose machines cost money, ours or one that is installed beside."""

    name = "provider"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """Ours, as ``--help`` has them: to know the others takes long."""
        return f"[{'|'.join(known.PROVIDERS)}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """One of the names."""
        from orchestrator.providers.registry import rented  # noqa: PLC0415 - for a name alone

        return str(click.Choice(rented()).convert(value, param, ctx))


which_providers = click.option(
    "--provider",
    "names",
    multiple=True,
    type=RentedProvider(),
    help="Only these. [default: every cloud whose SDK is installed]",
)


@group("catalog:catalog")
@click.option("--provider", "providers", multiple=True, type=click.Choice(known.PROVIDERS))
@click.option("--family", "families", multiple=True, help="E.g. c5, n2d.")
@click.option("--size", "sizes", multiple=True, help="E.g. large, standard-4.")
@click.option("--microarchitecture", "microarchitectures", multiple=True, help='E.g. "Zen 2".')
@click.option("--vendor", "vendors", multiple=True, type=click.Choice(["Intel", "AMD", "Arm"]))
@click.option("--gpu", "gpus", multiple=True, help="E.g. T4.")
@click.option("--arch", "architectures", multiple=True, type=click.Choice(ARCHITECTURES))
@click.option("--max-price", type=click.FloatRange(0, min_open=True), help="USD per hour.")
@click.option("--region", "regions", multiple=True, help="With a price there.")
@click.option("--format", "format_", type=click.Choice(["table", "json", "csv"]), default="table")
def catalog() -> None:
    """Search machine types: what one may get, where, and at what price.

    An option given twice means one or the other. A price that is not known is never 0.
    """


@command("catalog:refresh")
@click.option("--provider", required=True, type=click.Choice(known.PROVIDERS))
@click.option("--region", "regions", multiple=True, help="[default: all that may be used]")
@click.option("--project", envvar="GOOGLE_CLOUD_PROJECT", help="Of Google Cloud.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=FOLDER,
    help="Where to write. [default: where eqc looks for newer lists]",
)
def refresh() -> None:
    """Ask a provider's own API for its machine types and, on aws, their prices.

    What it does not name keeps what is known of it, with the date of that.
    """


catalog.add_command(refresh)


@command("cpus:cpus")
@click.argument("store", required=False, metavar="[STORE]", type=FOLDER)
@click.option("--here", is_flag=True, help="Only those that this computer can be presented as.")
@as_json
def cpus() -> None:
    """List the CPUs that `provider: cpuid` may name, and what this computer lacks of each.

    Without STORE these are QEMU's models; of a STORE they are its platforms, by the fingerprints
    that they left there.
    """


@command("probe:probe")
@click.option("--json", "as_json", is_flag=True, help="The whole fingerprint, for programs.")
def probe() -> None:
    """Print this computer's fingerprint: what it says it is when asked from inside."""


@command("probe:images")
@click.argument("names", nargs=-1, metavar="[FRAMEWORK]…")
@click.option(
    "--arch", type=click.Choice(sorted(ARCHITECTURES)), default="x86_64", show_default=True
)
def images() -> None:
    """Build the Docker images of FRAMEWORKs (all), or find the ones that are built."""


@command("fleet:status")
@which_providers
@as_json
def status() -> None:
    """Show every machine of ours that is up: whose, since when, at what cost, until when."""


@command("fleet:reap")
@which_providers
@click.option("--run", help="Only machines of this run (its tag).")
@click.option("--all-owners", is_flag=True, help="Other people's machines, too.")
@click.option("--yes", is_flag=True, help="End them; without it they are only listed.")
def reap() -> None:
    """End machines that are past their expiry, or of a run that is not driven from here.

    A dry run unless `--yes` is given. Exit code 6 where something is left that should not be.
    """
