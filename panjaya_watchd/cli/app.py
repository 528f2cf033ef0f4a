"""The command line: which commands there are and what they take. What they do is in the file of their name."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from panjaya_watchd import __version__
from panjaya_watchd.cli.exits import leave
from panjaya_watchd.errors import WatchdError

CONFIG = Path("/etc/panjaya-watchd/watchd.toml")

Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration; folders.d/ beside it belongs to it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]
Name = Annotated[str, typer.Argument(help="A file name, its stem, or the id of a claim.")]
ClaimArgument = Annotated[str, typer.Argument(metavar="CLAIM", help="The id of a held claim.")]

app = typer.Typer(
    name="panjaya-watchd",
    help="Drop a video into a shared folder, get it back dubbed.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ledgers = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Copy the ledger, or check it.")
app.add_typer(ledgers, name="ledger")


service = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Make a systemd service of this program, or take it away again.",
)
app.add_typer(service, name="service")


def run() -> None:
    """Run a command and leave with its exit code."""
    try:
        app()
    except WatchdError as error:
        sys.exit(leave(error))


def _version(wanted: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if wanted:
        typer.echo(f"panjaya-watchd {__version__}")
        raise typer.Exit


@app.callback()
def top(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Drop a video into a shared folder, get it back dubbed."""


@app.command("run")
def run_daemon(
    config: Config = CONFIG, verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False
) -> None:
    """Run the daemon in the foreground, as the service does."""
    from panjaya_watchd.cli import running  # noqa: PLC0415  (each command loads what it needs)

    running.run(config, verbose=verbose)


@app.command()
def reload(
    config: Config = CONFIG,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE|-", help="Hand over the API key in this file, which the daemon cannot read."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Have the running daemon take the configuration as it is now. One with faults is refused; the old one stays."""
    from panjaya_watchd.cli import reloading  # noqa: PLC0415

    raise typer.Exit(reloading.reload(config, key, as_json=json))


@app.command()
def check(config: Config = CONFIG, json: Json = False) -> None:
    """Check the configuration; tell every fault at once."""
    from panjaya_watchd.cli import checking  # noqa: PLC0415

    raise typer.Exit(checking.check(config, as_json=json))


@app.command()
def doctor(
    folder: Annotated[str | None, typer.Argument(metavar="[FOLDER]", help="The name of a watch folder.")] = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Tell whether this machine is fit for the service, and what to do. Exit status: 1 for any trouble."""
    from panjaya_watchd.cli import doctor as looked  # noqa: PLC0415

    raise typer.Exit(looked.examine(config, folder, as_json=json))


@app.command()
def status(
    config: Config = CONFIG,
    json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it, with progress.")] = False,
) -> None:
    """Show what waits, what is under way and what needs a person."""
    from panjaya_watchd.cli import status as shown  # noqa: PLC0415

    raise typer.Exit(shown.watch(config) if watch else shown.show(config, as_json=json))


@app.command()
def why(name: Name, config: Config = CONFIG, json: Json = False) -> None:
    """Tell what happened to a video, and why. Exit status: 0 done, 1 failed, 4 still running."""
    from panjaya_watchd.cli import why as told  # noqa: PLC0415

    raise typer.Exit(told.why(config, name, as_json=json))


@app.command()
def retry(claim: ClaimArgument, config: Config = CONFIG) -> None:
    """Go on with a held drop. One in doubt is sent again: if the API has it after all, this pays twice."""
    from panjaya_watchd.cli import telling  # noqa: PLC0415

    raise typer.Exit(telling.tell(config, claim, "retry"))


@app.command()
def adopt(
    claim: ClaimArgument,
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="The id of the asset that is this drop.")],
    config: Config = CONFIG,
) -> None:
    """Say which asset a held drop has become; it is then followed as usual."""
    from panjaya_watchd.cli import telling  # noqa: PLC0415

    raise typer.Exit(telling.tell(config, claim, "adopt", asset))


@app.command("add-language")
def add_language(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="The id of a claim that is done, or under way.")],
    locale: Annotated[list[str], typer.Argument(metavar="LOCALE...", help="Languages to dub it into as well.")],
    config: Config = CONFIG,
) -> None:
    """Have a video dubbed into more languages, without sending it again. Only what it lacks is paid for."""
    from panjaya_watchd.cli import telling  # noqa: PLC0415

    raise typer.Exit(telling.add_languages(config, claim, locale))


@app.command()
def revise(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="The id of a claim that is done.")],
    locale: Annotated[str, typer.Argument(metavar="LOCALE", help="The language of the result.")],
    config: Config = CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether that is meant.")] = False,
) -> None:
    """Make a dubbed video editable in the Studio again, and fetch what is generated there. Panjaya's copy is lost."""
    from panjaya_watchd.cli import telling  # noqa: PLC0415

    raise typer.Exit(telling.revise(config, claim, locale, sure=yes))


@app.command()
def release(
    claim: Annotated[str | None, typer.Argument(metavar="[CLAIM]", help="The id of a held claim.")] = None,
    config: Config = CONFIG,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Everything that waits for permission: for a budget, or since the first start."),
    ] = False,
    folder: Annotated[str | None, typer.Option("--folder", help="With --all: only this watch folder.")] = None,
    give_up: Annotated[bool, typer.Option("--give-up", help="End it instead: its files go to failed/.")] = False,
) -> None:
    """Let a held drop go: one that waits for permission is sent; one in doubt is given up and goes to failed/."""
    from panjaya_watchd.cli import telling  # noqa: PLC0415

    raise typer.Exit(telling.release(config, claim, everything=everything, folder=folder, give_up=give_up))


@ledgers.command("backup")
def ledger_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; an existing one is never replaced.")],
    config: Config = CONFIG,
) -> None:
    """Copy the ledger into a new file, whether the daemon runs or not, and check the copy."""
    from panjaya_watchd.cli import ledger  # noqa: PLC0415

    raise typer.Exit(ledger.backup(config, file))


@ledgers.command("verify")
def ledger_verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A ledger or a backup; by itself the daemon's.")
    ] = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Check a whole ledger, and tell all that is wrong with it; nothing is written. Exit status: 1 if anything is."""
    from panjaya_watchd.cli import ledger  # noqa: PLC0415

    raise typer.Exit(ledger.verify(config, file, as_json=json))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to watch; it must be there.")],
    locale: Annotated[str, typer.Option(help="The language spoken in the videos.")],
    language: Annotated[list[str], typer.Option(help="A language to dub into; give it once for each.")],
    config: Config = CONFIG,
) -> None:
    """Write a first configuration. An existing one is never touched."""
    from panjaya_watchd.cli import starting  # noqa: PLC0415

    raise typer.Exit(starting.init(config, folder, locale, language))


@app.command()
def rehearse(
    video: Annotated[
        Path | None, typer.Argument(help="A video of your own; a short one comes with the package.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running, to drop more files.")] = False,
) -> None:
    """See the whole thing work, with a stand-in for Panjaya: no account, no costs."""
    from panjaya_watchd.cli import rehearsing  # noqa: PLC0415

    raise typer.Exit(rehearsing.rehearse(video, keep=keep))


@service.command("install")
def service_install(config: Config = CONFIG) -> None:
    """Set the service up for the virtual environment that this program lies in. May be repeated."""
    from panjaya_watchd.cli import servicing  # noqa: PLC0415

    raise typer.Exit(servicing.install(config))


@service.command("folders")
def service_folders(config: Config = CONFIG) -> None:
    """Let the service write in the watch folders of the configuration, after every change of them."""
    from panjaya_watchd.cli import servicing  # noqa: PLC0415

    raise typer.Exit(servicing.folders(config))


@service.command("uninstall")
def service_uninstall() -> None:
    """Take away what install has written. Data, configuration and key stay."""
    from panjaya_watchd.cli import servicing  # noqa: PLC0415

    raise typer.Exit(servicing.uninstall())
