"""`doctor`: looks at every machine of a site, changes nothing, and names the cause first, with its repair."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import join

from provision.commands import begun
from provision.diagnosis import Check, first_wrong, host_checks, station_checks, unreached
from provision.engines import workstations
from provision.engines.vitals import vitals
from provision.errors import EngineError, ExitCode, SiteError
from provision.facts import HostFacts
from provision.findings import Case
from provision.fleet.workstation.shapes import Confirmed
from provision.foreign import printable
from provision.forms import HERE, LOCAL
from provision.looking import see
from provision.operation import Goal, Operation
from provision.orders import orders
from provision.parallel import at_once
from provision.plan import HostPlan, make_plan
from provision.preflight import preflight
from provision.progress import step
from provision.prove import Check as Answer
from provision.prove import Proof
from provision.proving import probe_host, prove_host
from provision.site import Host, Site, Workstation
from provision.sitefile import describe_deployed, limited
from provision.streams import result
from provision.survey import Survey

MARKS = {"ok": "ok", "warning": "warning", "wrong": "WRONG", "unknown": "unknown"}


def doctor(site: Path | None, *, limit: Sequence[str], here: bool, as_json: bool, verbose: bool) -> int:
    """`doctor`: exit 0 where nothing is wrong, else that of a failed proof."""
    described = describe_deployed(site)
    if here:
        limit = [*limit, *_here(described.site)]
    names = limited(described.site, limit)
    operation, _ = begun(described, names, Goal.VERIFY, "doctor", yes=True, as_json=as_json, verbose=verbose)
    checks = examined(operation)
    operation.terminal.progress.close()
    code = ExitCode.PROOF if any(first_wrong(list(of)) for of in checks.values()) else ExitCode.DONE
    document = {
        "ok": code is ExitCode.DONE,
        "exit_code": int(code),
        "run_dir": str(operation.run.root),
        "machines": {
            name: {
                "cause": None if (cause := first_wrong(list(of))) is None else cause.what,
                "checks": [check.model_dump(exclude={"machine"}) for check in of],
            }
            for name, of in checks.items()
        },
    }
    operation.run.write("doctor.json", document)
    result(json.dumps(document, indent=2) if as_json else checks_text(checks, verbose=verbose))
    return int(code)


def _here(site: Site) -> list[str]:
    """This machine's names in the site; SiteError where it is none of its machines."""
    machines: tuple[Host | Workstation, ...] = (*site.hosts, *site.consumers)
    names = [one.name for one in machines if one.name in {HERE, LOCAL}]
    if not names:
        raise SiteError(
            "--here: this machine is none of the site's. Nothing was contacted.",
            remedy="if it was made a workstation from elsewhere: astraeus-provision smoke local",
        )
    return names


def examined(operation: Operation) -> dict[str, list[Check]]:
    """Every machine's checks, hosts first; a machine that told nothing has one."""
    looked = see(operation)
    seen, passwords = looked.survey, looked.sudo_passwords
    fitted = replace(operation, site=looked.site)
    site, catalogue = operation.site, operation.catalogue
    found = preflight(site, catalogue, seen, passwords=looked.asked, site_file=operation.site_file)
    silent = {one.machine: one for one in found if one.machine in {*seen.unreachable, *seen.keys}}
    hosts = [host for host in looked.site.hosts if host.name in operation.limit]
    cases = {
        host.name: Case(
            host=host,
            site=site,
            catalogue=catalogue,
            facts=seen.hosts[host.name],
            password_given=host.name in passwords,
            site_file=operation.site_file,
            fits=looked.fits,
        )
        for host in hosts
        if host.name in seen.hosts
    }
    stations = [one.name for one in site.consumers if one.name in operation.limit]
    with step(operation.terminal.progress, f"Examine {', '.join([*cases, *stations])}"):
        examined_hosts = at_once([partial(_host, fitted, case, passwords) for case in cases.values()])
        confirmed = _confirmed(fitted, [name for name in stations if _asks(seen, name)])
    checks = dict(zip(cases, examined_hosts, strict=True))
    for name in stations:
        if name in seen.workstations:
            again = operation.again(name, verb=operation.deploys)
            checks[name] = list(station_checks(name, seen.workstations[name], confirmed.get(name), again))
    checks |= {name: [unreached(name, finding)] for name, finding in silent.items()}
    order = [*(host.name for host in hosts), *stations]
    return {name: checks[name] for name in order if name in checks}


def _host(operation: Operation, case: Case, passwords: Mapping[str, str]) -> list[Check]:
    name = case.host.name
    again = operation.again(name, verb=operation.deploys)
    plan = _plan(operation, case)
    word = passwords.get(name)
    seen = vitals(operation.ways[name], word, lambda argv: operation.log(join(argv)))
    if plan is None:
        return list(host_checks(case, seen, None, None, again))
    return list(
        host_checks(case, seen, _proof(operation, plan, case.facts), probe_host(operation, plan, word), again)
    )


def _plan(operation: Operation, case: Case) -> HostPlan | None:
    seen = {case.host.name: case.facts}
    plan = make_plan(operation.site, operation.catalogue, seen, {}, {}, (), fits=case.fits)
    return plan.hosts[0] if plan.hosts else None


def _proof(operation: Operation, plan: HostPlan, facts: HostFacts) -> Proof:
    try:
        return prove_host(operation, plan, facts)
    except EngineError as error:
        failed = Answer(what="answer", verdict="failed", detail=error.problem)
        return Proof(host=plan.name, url="", checks=(failed,))


def _asks(seen: Survey, name: str) -> bool:
    """Whether its OpenCode can be asked for more than the look has told."""
    look = seen.workstations.get(name)
    return look is not None and not look.problem and not look.refused and look.opencode is not None


def _confirmed(operation: Operation, names: Sequence[str]) -> Mapping[str, Confirmed]:
    """What each workstation's own OpenCode lists; no session is begun."""
    if not names:
        return {}
    wanted = orders(operation.site, operation.catalogue)
    for name in names:
        confirm = wanted[name].confirm.model_copy(update={"session": False})
        order = wanted[name].model_copy(update={"confirm": confirm})
        operation.run.write(f"router/{name}.json", order.model_dump(mode="json"))
    return workstations.confirm(operation.run.root, names, log=operation.log, tell=operation.tell)


def checks_text(checks: Mapping[str, Sequence[Check]], *, verbose: bool) -> str:
    """What a person reads: of each machine what is wrong, the cause first; all of it where she wants that."""
    lines: list[str] = []
    for name, of in checks.items():
        cause = first_wrong(list(of))
        wrong = [check for check in of if check.verdict == "wrong"]
        right = sum(check.verdict == "ok" for check in of)
        head = f"{len(wrong)} of {len(of)} wrong" if wrong else f"{right} of {len(of)} right"
        lines.append(f"{name}: {head}")
        for check in of:
            if check.verdict == "ok" and not verbose:
                continue
            mark = "CAUSE" if check is cause else MARKS[check.verdict]
            lines.append(f"  {mark:8} {check.what}: {printable(check.found)}")
            lines += [f"           expected: {check.expected}"] if check.expected else []
            lines += [f"           -> {printable(check.repair)}"] if check.repair else []
    return "\n".join(lines)
