"""What each command does, from parsed flags to an exit code."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from provision.addresses import with_addresses
from provision.catalogue import load_catalogue
from provision.deploy import deploy
from provision.errors import ExitCode, SiteError
from provision.foreign import printable
from provision.operation import Goal, Operation
from provision.orders import orders
from provision.outcomes import Outcomes
from provision.report import Report, report_text
from provision.rundir import RunDir
from provision.site import Site
from provision.sitefile import Described, Flags, describe, describe_deployed, limited, load_site, save_site
from provision.streams import note, result
from provision.survey import reaches
from provision.terminal import Terminal


def deploy_site(
    flags: Flags,
    *,
    save: Path | None,
    limit: Sequence[str],
    dry_run: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """`lan` and `local`: the whole road."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY
    described = describe(flags)
    names = limited(described.site, limit)
    if save is not None:
        save_site(described.site, save)
        file = shlex.quote(str(save))
        note(
            f"saved {printable(str(save))}; edit it, check it with `astraeus-provision site check {file}`, "
            f"and use it from now on: `astraeus-provision {described.site.pattern} --site {file}`"
        )
    someone_can_be_asked(goal, yes=yes)
    return run_on(described, names, goal, deploy, yes=yes, as_json=as_json, verbose=verbose)


def verify_site(site: Path | None, *, limit: Sequence[str], as_json: bool, verbose: bool) -> int:
    """`verify`: prove and confirm again."""
    described = describe_deployed(site)
    names = limited(described.site, limit)
    return run_on(described, names, Goal.VERIFY, deploy, yes=True, as_json=as_json, verbose=verbose)


def someone_can_be_asked(goal: Goal, *, yes: bool) -> None:
    """SiteError where a run that changes things could not ask for consent and was not given it."""
    if goal.mutates and not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise SiteError(
            "nobody can be asked here: this is not a terminal. Nothing was contacted.",
            remedy="say --yes to go ahead, or --dry-run to see what would change",
        )


def run_on(
    described: Described,
    limit: frozenset[str],
    goal: Goal,
    act: Callable[[Operation, Described], Report],
    *,
    yes: bool,
    as_json: bool,
    verbose: bool,
    alone: bool = False,
    router: str = "",
) -> int:
    """Make the run's folder and its Operation, act, and print the report.

    `router` is the word after it, where this is one of `router …`.
    """
    verb = {Goal.APPLY: described.site.pattern, Goal.DRY_RUN: "dry-run", Goal.VERIFY: "verify"}[goal]
    operation, described = begun(
        described,
        limit,
        goal,
        f"router-{router}" if router else verb,
        yes=yes,
        as_json=as_json,
        verbose=verbose,
        alone=alone,
        stations_only=bool(router),
    )
    report = act(operation, described)
    with suppress(KeyboardInterrupt):  # the run is over, and has its own verdict
        if as_json:
            result(json.dumps(report.model_dump(mode="json"), indent=2))
        else:
            result(report_text(report, dry_run=goal is Goal.DRY_RUN))
    return report.exit_code


def begun(
    described: Described,
    limit: frozenset[str],
    goal: Goal,
    verb: str,
    *,
    yes: bool,
    as_json: bool,
    verbose: bool,
    alone: bool = False,
    stations_only: bool = False,
) -> tuple[Operation, Described]:
    """Make the run's folder, named by the verb, and its Operation; the site with what a look at it added."""
    run = RunDir.create(verb)
    run.write("site.json", described.site.model_dump(mode="json", by_alias=True))
    terminal = Terminal(verbose=verbose, presents=not as_json)
    if not as_json:
        for text in (f"site: {described.origin}", *described.notes):
            terminal.say(text)
    ways = reaches(described.site)
    site, renamed = with_addresses(described.site, ways)
    if not as_json:
        for text in renamed:
            terminal.say(text)
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
        alone=alone,
        stations_only=stations_only,
    )
    return operation, described.model_copy(update={"notes": (*described.notes, *renamed)})


def check_site(file: Path, *, as_json: bool) -> int:
    """`site check`: SiteError says what is wrong."""
    site = load_site(file)
    orders(site, load_catalogue())  # its profiles are files and names of their own
    if as_json:
        result(json.dumps({"ok": True, "exit_code": 0, "failures": []}, indent=2))
    else:
        result(f"{printable(str(file))}: right; {_counted(site)}")
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

    described = describe_deployed(site or _site_from_environment())
    if host is not None and host not in [one.name for one in described.site.hosts]:
        # Ansible wants an empty mapping then; a person wants to know.
        note(f"--host {host!r}: the site has no such host")
        result("{}")
    else:
        result(json.dumps(inventory_for(described, host), indent=2))
    return int(ExitCode.DONE)


def _site_from_environment() -> Path | None:
    """Ansible calls an inventory without options of ours: ASTRAEUS_SITE names the file then."""
    value = os.environ.get("ASTRAEUS_SITE", "")
    return Path(value) if value else None
