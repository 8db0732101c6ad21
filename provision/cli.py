"""The command line: parses, calls, prints, exits. Slow imports wait until a command really runs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from provision import __version__

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
router_app = typer.Typer(
    help="The workstations' part alone: what OpenCode's agents get.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(router_app, name="router")

SiteOption = Annotated[
    Path | None, typer.Option("--site", metavar="FILE", help="Site file; default: the remembered site.")
]
HostOption = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="[USER@]NAME", help="A host that serves; adds to the site."),
]
LimitOption = Annotated[
    list[str] | None, typer.Option("--limit", metavar="M", help="Only these machines of the site.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show what the engines tell.")]


def _version(value: bool) -> None:  # noqa: FBT001 - typer's callback form
    if value:
        print(f"astraeus-provision {__version__}")
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
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the site out as an annotated file.")
    ] = None,
    admit: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Networks that reach the hosts' port.")
    ] = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Serve models from shared hosts to workstations of admitted networks."""
    from provision.commands import deploy_lan
    from provision.sitefile import Flags

    flags = Flags(
        hosts=tuple(host or ()),
        remove_hosts=tuple(remove_host or ()),
        workstations=tuple(workstation or ()),
        admit=tuple(admit or ()),
        site=site,
    )
    raise typer.Exit(
        deploy_lan(
            flags, save=save, limit=limit or (), dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
        )
    )


@app.command()
def verify(
    site: SiteOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Prove the hosts and confirm on the workstations again; changes nothing."""
    from provision.commands import verify_site

    raise typer.Exit(verify_site(site, limit=limit or (), as_json=as_json, verbose=verbose))


@app.command()
def inventory(
    site: SiteOption = None,
    list_: Annotated[bool, typer.Option("--list", help="The whole inventory (the default).")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="NAME", help="One host's variables.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the dynamic inventory for a plain `ansible-playbook -i inventories/astraeus …`."""
    from provision.commands import print_inventory

    del list_, as_json  # both are what it prints anyway
    raise typer.Exit(print_inventory(site, host))


@site_app.command("check")
def site_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The site file.")], as_json: JsonOption = False
) -> None:
    """Say whether a site file is right; contacts nothing."""
    from provision.commands import check_site

    raise typer.Exit(check_site(file, as_json=as_json))


@site_app.command("schema")
def site_schema() -> None:
    """Print the JSON Schema of site files, for editors."""
    from provision.sitefile import site_schema as schema

    print(schema(), end="")


@router_app.command("diff")
def router_diff(
    site: SiteOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show what `router apply` would change; change nothing."""
    from provision.routercommands import apply_router

    code = apply_router(site, limit=limit or (), dry_run=True, yes=False, as_json=as_json, verbose=verbose)
    raise typer.Exit(code)


@router_app.command("apply")
def router_apply(
    site: SiteOption = None,
    limit: LimitOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Prove the hosts, change none of them, and bring the workstations to their state."""
    from provision.routercommands import apply_router

    code = apply_router(site, limit=limit or (), dry_run=False, yes=yes, as_json=as_json, verbose=verbose)
    raise typer.Exit(code)


@router_app.command("uninstall")
def router_uninstall(
    site: SiteOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Take ours out of the workstations' files, and give back what was there."""
    from provision.routercommands import uninstall_router

    code = uninstall_router(
        site, limit=limit or (), dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
    )
    raise typer.Exit(code)


@router_app.command("schema")
def router_schema() -> None:
    """Print the JSON Schema of profiles, for editors."""
    from provision.routercommands import profile_schema

    print(profile_schema(), end="")


def main() -> NoReturn:
    """Run the command line; a ProvisionError is printed and becomes its exit code."""
    from provision.errors import ExitCode

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)
    try:
        app(standalone_mode=True)
    except BrokenPipeError:
        sys.exit(ExitCode.DONE)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback reaches a person
        from provision.faults import as_error

        fault = as_error(error)
        print(fault, file=sys.stderr)
        sys.exit(fault.exit_code)
    sys.exit(ExitCode.DONE)
