"""The command line of workstations: `router …`, `smoke …` and `bottleneck`. Slow imports wait."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provision.errors import ExitCode
from provision.options import DryRunOption, JsonOption, LimitOption, Run, SiteOption, VerboseOption, YesOption
from provision.streams import result

router_app = typer.Typer(
    help="The workstations' part alone: what OpenCode's agents get.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

smoke_app = typer.Typer(
    help="Check this workstation; what was published to it says what must be.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@router_app.command("diff")
def router_diff(
    site: SiteOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Show what `router apply` would change; change nothing."""

    def run() -> int:
        from provision.routercommands import apply_router

        return apply_router(
            site, limit=limit or (), dry_run=True, yes=False, as_json=as_json, verbose=verbose
        )

    return run


@router_app.command("apply")
def router_apply(
    site: SiteOption = None,
    limit: LimitOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Prove the hosts, change none of them, and bring the workstations to their state."""

    def run() -> int:
        from provision.routercommands import apply_router

        return apply_router(site, limit=limit or (), dry_run=False, yes=yes, as_json=as_json, verbose=verbose)

    return run


@router_app.command("uninstall")
def router_uninstall(
    site: SiteOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Take ours out of the workstations' files, and give back what was there."""

    def run() -> int:
        from provision.routercommands import uninstall_router

        return uninstall_router(
            site, limit=limit or (), dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
        )

    return run


@router_app.command("schema")
def router_schema() -> Run:
    """Print the JSON Schema of profiles, for editors."""

    def run() -> int:
        from provision.routercommands import profile_schema

        result(profile_schema(), end="")
        return ExitCode.DONE

    return run


@smoke_app.command("local")
def smoke_local(as_json: JsonOption = False) -> Run:
    """Does it work here? OpenCode, the plugin, the loopback router, every local model."""

    def run() -> int:
        from provision.smoke import smoke

        return smoke("local", as_json=as_json)

    return run


@smoke_app.command("routing")
def smoke_routing(
    live: Annotated[bool, typer.Option("--live", help="Ask every agent one real question.")] = False,
    as_json: JsonOption = False,
) -> Run:
    """Does every agent have its model, its tools and its chain, and does each link answer?"""

    def run() -> int:
        from provision.smoke import smoke

        return smoke("routing", live=live, as_json=as_json)

    return run


def bottleneck(
    since: Annotated[str, typer.Option(metavar="DAYS", help="How far back, as in 7d.")] = "7d",
    as_json: JsonOption = False,
) -> Run:
    """Say which agents and models take this workstation's requests, time and money; what to change."""

    def run() -> int:
        from provision.smoke import bottleneck as say

        return say(since, as_json=as_json)

    return run


def onboard(
    target: Annotated[str, typer.Argument(metavar="[USER@]NAME", help="The new workstation.")],
    profile: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="Who thinks where; default: the site's.")
    ] = None,
    site: SiteOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Equip one more workstation, confirm it there, and add it to the site; hosts are proven, not changed."""

    def run() -> int:
        from provision.onboarding import onboard as bring

        return bring(
            target, profile=profile, site=site, dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
        )

    return run


def join(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Made with `site export`.")],
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="The checksum that its maker told.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="Who thinks where; default: the bundle's.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Make this machine a workstation of the hosts that a bundle names; no login anywhere is needed."""

    def run() -> int:
        from provision.joining import join as become_one

        return become_one(
            bundle,
            sha256=sha256,
            profile=profile,
            dry_run=dry_run,
            yes=yes,
            as_json=as_json,
            verbose=verbose,
        )

    return run


def offboard(
    target: Annotated[str, typer.Argument(metavar="[USER@]NAME", help="A workstation of the site.")],
    forget: Annotated[
        bool, typer.Option("--forget", help="It is gone: only take it out of the site.")
    ] = False,
    site: SiteOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> Run:
    """Give a workstation's files back as they were, and take it out of the site."""

    def run() -> int:
        from provision.onboarding import offboard as release

        return release(
            target, forget=forget, site=site, dry_run=dry_run, yes=yes, as_json=as_json, verbose=verbose
        )

    return run
