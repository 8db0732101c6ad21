"""Look and judge: the survey of all machines, host keys and sudo asked about, all findings at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from provision.errors import PreflightError, ProvisionError
from provision.expected import live_query
from provision.knownhosts import record
from provision.model import Frozen
from provision.operation import Operation
from provision.orders import order
from provision.plan import Skipped
from provision.preflight import blocking, preflight
from provision.progress import step
from provision.ssh import sudo_password_works
from provision.survey import Survey, survey


class Seen(Frozen):
    """What a run knows before it decides."""

    survey: Survey
    sudo_password: str | None
    skipped: Mapping[str, Skipped]
    """Workstations that sleep or cannot be written to: they spoil nothing."""

    def __repr__(self) -> str:
        """Never the password."""
        return f"Seen(hosts={list(self.survey.hosts)}, workstations={list(self.survey.workstations)})"


def scope(operation: Operation) -> frozenset[str]:
    """Machines that are looked at: the limit, and every host as soon as a workstation is in it."""
    stations = {station.name for station in operation.site.consumers}
    hosts = {host.name for host in operation.site.hosts}
    return frozenset(operation.limit) | (hosts if stations & set(operation.limit) else frozenset())


def look(operation: Operation) -> Seen:
    """Survey and judge; PreflightError carries every finding that blocks."""
    names = scope(operation)
    order_text = order(operation.site, operation.catalogue).model_dump(mode="json")
    for station in operation.site.consumers:
        operation.run.write(f"router/{station.name}.json", order_text)
    with step(operation.terminal.progress, f"Look at {len(names)} machines") as summary:
        seen = _survey(operation, names)
        summary.append(f"{len(seen.hosts) + len(seen.workstations)} answered")
    accepted = _accepted_keys(operation, seen)
    if accepted:
        seen = seen.merged(_survey(operation, accepted))
    password = _sudo_password(operation, seen)
    operation.run.write("survey.json", seen.model_dump(mode="json"))
    given = [name for name, facts in seen.hosts.items() if password and facts.sudo == "password"]
    findings = preflight(operation.site, operation.catalogue, seen, passwords=given)
    for finding in findings:
        if finding.severity == "warns":
            text = f"{finding.problem} ({finding.remedy})" if finding.remedy else finding.problem
            operation.outcomes.add("preflight", finding.machine, "warning", text)
    blocks = blocking(findings)
    if blocks:
        raise PreflightError(
            [ProvisionError(f"{one.machine}: {one.problem}", remedy=one.remedy) for one in blocks]
        )
    skipped = {
        one.machine: Skipped(reason=one.problem, remedy=one.remedy)
        for one in findings
        if one.severity == "skips"
    }
    return Seen(survey=seen, sudo_password=password, skipped=skipped)


def _survey(operation: Operation, names: Collection[str]) -> Survey:
    hosts = [host for host in operation.site.hosts if host.name in names]
    return survey(
        operation.site,
        operation.catalogue,
        operation.run.root,
        ways=operation.ways,
        log=operation.log,
        live={host.name: live_query(host, operation.site, operation.catalogue) for host in hosts},
        only=names,
    )


def _accepted_keys(operation: Operation, seen: Survey) -> frozenset[str]:
    """Machines whose unknown key a person accepted, on a terminal, after seeing its fingerprint."""
    accepted = set()
    for name, key in seen.keys.items():
        if key.state != "unknown" or not operation.terminal.interactive:
            continue
        way = operation.ways[name]
        operation.terminal.say(
            f"{name} ({way.hostname}:{way.port}) shows a host key that is not known here:\n"
            f"  {key.key_type} {key.fingerprint}"
        )
        if operation.terminal.agrees("Is this its key?"):
            record(way, key.key_type, key.key)
            accepted.add(name)
    return frozenset(accepted)


def _sudo_password(operation: Operation, seen: Survey) -> str | None:
    """Asked once, for all hosts that want one; it stays in memory. A wrong one blocks."""
    asking = [name for name, facts in seen.hosts.items() if facts.sudo == "password"]
    if not asking or not operation.terminal.interactive:
        return None
    way = operation.ways[asking[0]]
    password = operation.terminal.secret(f"sudo password of {way.user} on {', '.join(asking)}: ")
    if password is None:
        return None
    wrong = [name for name in asking if not sudo_password_works(operation.ways[name], password)]
    if wrong:
        raise PreflightError(
            [
                ProvisionError(
                    f"{name}: sudo does not take that password", remedy=f"try `ssh -t {name} sudo -v`"
                )
                for name in wrong
            ]
        )
    return password
