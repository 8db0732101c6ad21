"""What each command does, from parsed flags to an exit code."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from provision.addresses import with_addresses
from provision.catalogue import load_catalogue
from provision.deploy import deploy
from provision.errors import ExitCode, ProvisionError, SiteError
from provision.operation import Goal, Operation
from provision.orders import orders
from provision.outcomes import Outcomes
from provision.report import Failure, Report, report_text
from provision.rundir import RunDir
from provision.site import Site
from provision.sitefile import Described, Flags, describe, limited, load_site, save_site
from provision.survey import reaches
from provision.terminal import Terminal


def deploy_lan(
    flags: Flags,
    *,
    save: Path | None,
    limit: Sequence[str],
    dry_run: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """`lan`: the whole road."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY

    def go() -> int:
        described = describe(flags)
        names = limited(described.site, limit)
        if save is not None:
            save_site(described.site, save)
        someone_can_be_asked(goal, yes=yes)
        return run_on(described, names, goal, deploy, yes=yes, as_json=as_json, verbose=verbose)

    return told(go, as_json=as_json)


def verify_site(site: Path | None, *, limit: Sequence[str], as_json: bool, verbose: bool) -> int:
    """`verify`: prove and confirm again."""

    def go() -> int:
        described = describe(Flags(site=site))
        names = limited(described.site, limit)
        return run_on(described, names, Goal.VERIFY, deploy, yes=True, as_json=as_json, verbose=verbose)

    return told(go, as_json=as_json)


def someone_can_be_asked(goal: Goal, *, yes: bool) -> None:
    """SiteError where a run that changes things could not ask for consent and was not given it."""
    if goal.mutates and not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise SiteError(
            "nobody can be asked here: this is not a terminal. Nothing was contacted.",
            remedy="say --yes to go ahead, or --dry-run to see what would change",
        )


def told(go: Callable[[], int], *, as_json: bool) -> int:
    """An error before there is a report is a document too, where one was asked for."""
    try:
        return go()
    except ProvisionError as error:
        if not as_json:
            raise
        failures = [Failure.of(error).model_dump(mode="json")]
        print(json.dumps({"ok": False, "exit_code": int(error.exit_code), "failures": failures}, indent=2))
        return int(error.exit_code)


def run_on(
    described: Described,
    limit: frozenset[str],
    goal: Goal,
    act: Callable[[Operation, Described], Report],
    *,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """Make the run's folder and its Operation, act, and print the report."""
    verb = {Goal.APPLY: "lan", Goal.DRY_RUN: "dry-run", Goal.VERIFY: "verify"}[goal]
    run = RunDir.create(verb)
    run.write("site.json", described.site.model_dump(mode="json", by_alias=True))
    terminal = Terminal(verbose=verbose, presents=not as_json)
    if not as_json:
        for note in (f"site: {described.origin}", *described.notes):
            terminal.say(note)
    ways = reaches(described.site)
    site, renamed = with_addresses(described.site, ways)
    if not as_json:
        for note in renamed:
            terminal.say(note)
    operation = Operation(
        goal=goal,
        command=shlex.join(["astraeus-provision", *sys.argv[1:]]),
        described_by=described.option,
        site=site,
        catalogue=load_catalogue(),
        ways=ways,
        limit=limit,
        run=run,
        terminal=terminal,
        outcomes=Outcomes(run),
        yes=yes,
        verbose=verbose,
    )
    report = act(operation, described.model_copy(update={"notes": (*described.notes, *renamed)}))
    if as_json:
        print(json.dumps(report.model_dump(mode="json"), indent=2))
    else:
        print(report_text(report, dry_run=goal is Goal.DRY_RUN))
    return report.exit_code


def check_site(file: Path, *, as_json: bool) -> int:
    """`site check`: SiteError says what is wrong."""
    return told(lambda: _checked(file, as_json=as_json), as_json=as_json)


def _checked(file: Path, *, as_json: bool) -> int:
    site = load_site(file)
    orders(site, load_catalogue())  # its profiles are files and names of their own
    if as_json:
        print(json.dumps({"ok": True, "exit_code": 0, "failures": []}, indent=2))
    else:
        print(f"{file}: right; {_counted(site)}")
    return int(ExitCode.DONE)


def _counted(site: Site) -> str:
    def many(count: int, noun: str) -> str:
        return f"{count} {noun}{'' if count == 1 else 's'}"

    stations = (
        "this machine as workstation"
        if site.workstations is None
        else many(len(site.workstations), "workstation")
    )
    return f"{many(len(site.hosts), 'host')}, {stations}"


def print_inventory(site: Path | None, host: str | None) -> int:
    """`inventory`: what Ansible asks a dynamic inventory for; surveys the hosts, as the variables need it."""
    from provision.dynamic import inventory_for  # noqa: PLC0415 - only here

    described = describe(Flags(site=site or _site_from_environment()))
    print(json.dumps(inventory_for(described, host), indent=2))
    return int(ExitCode.DONE)


def _site_from_environment() -> Path | None:
    """Ansible calls an inventory without options of ours: ASTRAEUS_SITE names the file then."""
    value = os.environ.get("ASTRAEUS_SITE", "")
    return Path(value) if value else None
