"""The command line: parses, calls, exits. Slow imports wait until a command really runs.

A command is parsed into what it will do; `main` does it, so that every ending is told in one place.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from provision import __version__
from provision.errors import ExitCode, SiteError
from provision.options import (
    DryRunOption,
    HostOption,
    JsonOption,
    LimitOption,
    Run,
    SaveOption,
    SiteOption,
    VerboseOption,
    YesOption,
)
from provision.stationcli import bottleneck, join, offboard, onboard, router_app, smoke_app
from provision.streams import finish, prepare, result

COMPLETE = "_ASTRAEUS_PROVISION_COMPLETE"
"""Set by a shell that completes."""
app = typer.Typer(
    name="astraeus-provision",
    help="Turn GPU hosts into a proven Ollama service and developer machines into clients of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
site_app = typer.Typer(help="Check and describe site files.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(site_app, name="site")
app.add_typer(router_app, name="router")
app.add_typer(smoke_app, name="smoke")
for station_command in (bottleneck, onboard, offboard, join):
    app.command()(station_command)


def _version(value: bool) -> None:  # noqa: FBT001 - typer's callback form
    if value:
        result(f"astraeus-provision {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def lan(
    host: HostOption = None,
    workstation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[USER@]NAME|none",
            help="A machine whose OpenCode uses the hosts; adds to the site. Default: this machine.",
        ),
    ] = None,
    remove_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Take a host out of the site.")
    ] = None,
    site: SiteOption = None,
    save: SaveOption = None,
    admit: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Networks that reach the hosts' port.")
    ] = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Serve models from shared hosts to workstations of admitted networks."""

    def run() -> int:
        from provision.commands import deploy_site
        from provision.sitefile import Flags

        flags = Flags(
            hosts=tuple(host or ()),
            remove_hosts=tuple(remove_host or ()),
            workstations=tuple(workstation or ()),
            admit=tuple(admit or ()),
            site=site,
            pattern="lan",
        )
        return deploy_site(
            flags, save=save, limit=limit or (), dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
        )

    return run


@app.command()
def local(
    site: SiteOption = None,
    save: SaveOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Serve models on this machine, to this machine alone, and set up its OpenCode."""

    def run() -> int:
        from provision.commands import deploy_site
        from provision.sitefile import Flags

        flags = Flags(site=site, pattern="local")
        return deploy_site(
            flags, save=save, limit=limit or (), dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
        )

    return run


@app.command()
def verify(
    site: SiteOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Prove the hosts and confirm on the workstations again; changes nothing."""

    def run() -> int:
        from provision.commands import verify_site

        return verify_site(site, limit=limit or (), as_json=as_json, verbose=verbose)

    return run


@app.command()
def doctor(
    host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this host of the site.")
    ] = None,
    workstation: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this workstation of the site.")
    ] = None,
    here: Annotated[bool, typer.Option("--here", help="Only this machine.")] = False,
    site: SiteOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Say what is wrong on each machine, the cause first, with its repair; changes nothing."""

    def run() -> int:
        from provision.doctor import doctor as examine

        limit = [*(host or ()), *(workstation or ())]
        return examine(site, limit=limit, here=here, as_json=as_json, verbose=verbose)

    return run


@app.command()
def capacity(
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="[USER@]NAME", help="A host to look at. Default: the site's."),
    ] = None,
    gpu: Annotated[
        list[str] | None,
        typer.Option("--gpu", metavar="CARD", help="A host with this card, or with 24GiB; may be repeated."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, max=16, metavar="N", help="Cards of --gpu in each host.")
    ] = None,
    users: Annotated[
        int | None,
        typer.Option(min=1, max=10000, metavar="N", help="Who shares it. Default: the site's workstations."),
    ] = None,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> Run:
    """Work out which models fit on hosts or cards, which stay loaded together, and the settings for that."""

    def run() -> int:
        from provision.capacitycommand import say_capacity

        return say_capacity(host or (), gpu or (), count=count, users=users, site=site, as_json=as_json)

    return run


@app.command()
def inventory(
    site: SiteOption = None,
    list_: Annotated[bool, typer.Option("--list", help="The whole inventory (the default).")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="NAME", help="One host's variables.")] = None,
    as_json: JsonOption = False,
) -> Run:
    """Print the dynamic inventory for a plain `ansible-playbook -i inventories/astraeus …`."""
    del list_, as_json  # both are what it prints anyway

    def run() -> int:
        from provision.commands import print_inventory

        return print_inventory(site, host)

    return run


@site_app.command("check")
def site_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The site file.")], as_json: JsonOption = False
) -> Run:
    """Say whether a site file is right; contacts nothing."""

    def run() -> int:
        from provision.commands import check_site

        return check_site(file, as_json=as_json)

    return run


@site_app.command("export")
def site_export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the bundle is written.")],
    site: SiteOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Write a bundle with which machines join as workstations by themselves; no secret is in it."""

    def run() -> int:
        from provision.joining import export

        return export(out, site, as_json=as_json, verbose=verbose)

    return run


@site_app.command("schema")
def site_schema() -> Run:
    """Print the JSON Schema of site files, for editors."""

    def run() -> int:
        from provision.sitefile import site_schema as schema

        result(schema(), end="")
        return ExitCode.DONE

    return run


def main() -> NoReturn:
    """Run the command line; what ends it early is told, and becomes the exit code."""
    prepare()
    code: int | str | None
    try:
        code = _carried_out()
    except SystemExit as left:  # typer's own: completion, or a reader of `--help` that has gone
        code = ExitCode.DONE if isinstance(left.__context__, BrokenPipeError) else left.code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no traceback reaches a person
        from provision.lastword import last_word

        code = last_word(error, as_json="--json" in sys.argv[1:])
    finish()
    sys.exit(code)


def _carried_out() -> int:
    try:
        parsed = app(standalone_mode=False)
    except KeyError as error:
        if COMPLETE not in os.environ:
            raise
        raise SiteError(
            f"{COMPLETE} is set, but not by a shell that completes: {error} is missing", remedy="unset it"
        ) from None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background
            signal.signal(number, signal.default_int_handler)
    return parsed() if callable(parsed) else int(parsed or ExitCode.DONE)
