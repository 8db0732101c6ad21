"""Look and judge: the survey of all machines, host keys and sudo asked about, all findings at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from provision.engines.openssh import sudo_password_works
from provision.errors import PreflightError, ProvisionError, SiteError
from provision.expected import live_query
from provision.findings import Finding
from provision.fit import Fit
from provision.fitting import fits, fitted
from provision.knownhosts import record
from provision.model import Frozen
from provision.operation import Operation
from provision.orders import orders
from provision.plan import Skipped
from provision.preflight import blocking, preflight
from provision.progress import step
from provision.site import Site
from provision.survey import Survey, survey


class Seen(Frozen):
    """What a run knows before it decides."""

    survey: Survey
    sudo_passwords: Mapping[str, str]
    """By host, of those whose sudo asks for one."""
    skipped: Mapping[str, Skipped]
    """Workstations that sleep or cannot be written to: they spoil nothing."""
    site: Site
    """With what fits on the hosts' cards; later steps are about this one."""
    fits: Mapping[str, Fit] = {}
    """By host, where its cards are known."""
    refused: tuple[Finding, ...] = ()
    """Of hosts whose sudo did not take the password that was given."""

    @property
    def asked(self) -> frozenset[str]:
        """Hosts for which a person gave a sudo password, right or wrong."""
        return frozenset({*self.sudo_passwords, *(one.machine for one in self.refused)})

    def __repr__(self) -> str:
        """Never a password."""
        return f"Seen(hosts={list(self.survey.hosts)}, workstations={list(self.survey.workstations)})"


def scope(operation: Operation) -> frozenset[str]:
    """Machines that are looked at: the limit, and every host as soon as a workstation is in it."""
    stations = {station.name for station in operation.site.consumers}
    hosts = {host.name for host in operation.site.hosts}
    return frozenset(operation.limit) | (hosts if stations & set(operation.limit) else frozenset())


def hosts_first(operation: Operation) -> frozenset[str]:
    """Hosts to look at before the workstations, whose order depends on what fits on the hosts' cards."""
    stations = {station.name for station in operation.site.consumers}
    names = scope(operation)
    hosts = {host.name for host in operation.site.hosts if host.name in names}
    by_cards = {host.name for host in operation.site.hosts if host.accelerator != "cpu"}
    return frozenset(hosts) if hosts & by_cards and names & stations else frozenset()


def look(operation: Operation) -> Seen:
    """Survey and judge; PreflightError carries every finding that blocks."""
    return _judged(operation, see(operation))


def see(operation: Operation) -> Seen:
    """Survey; with what fits, and the findings that came of asking for passwords."""
    _write_orders(operation)
    first = hosts_first(operation)
    seen, passwords, refused = _looked(operation, first or scope(operation))
    found = fits(operation.site, operation.catalogue, seen.hosts)
    site = fitted(operation.site, found)
    if first:
        later = replace(operation, site=site)
        try:
            _write_orders(later)
        except SiteError as error:  # a profile asks by name for what fits nowhere
            raise PreflightError([error]) from None
        stations, _, _ = _looked(later, scope(operation) - first)
        seen = seen.merged(stations)
    operation.run.write("survey.json", seen.model_dump(mode="json"))
    return Seen(
        survey=seen, sudo_passwords=passwords, refused=tuple(refused), skipped={}, site=site, fits=found
    )


def _write_orders(operation: Operation) -> None:
    for station, order in orders(operation.site, operation.catalogue).items():
        operation.run.write(f"router/{station}.json", order.model_dump(mode="json"))


def _looked(operation: Operation, names: Collection[str]) -> tuple[Survey, dict[str, str], list[Finding]]:
    """These machines, with keys accepted and sudo passwords given on the way."""
    with step(operation.terminal.progress, f"Look at {len(names)} machines") as summary:
        seen = _survey(operation, names)
        summary.append(f"{len(seen.hosts) + len(seen.workstations)} answered")
    accepted = _accepted_keys(operation, seen)
    if accepted:
        seen = seen.merged(_survey(operation, accepted))
    passwords, refused = _sudo_passwords(operation, seen)
    if passwords:
        seen = seen.merged(_survey(operation, passwords, passwords))
    return seen, passwords, refused


def _judged(operation: Operation, seen: Seen) -> Seen:
    found = preflight(
        operation.site,
        operation.catalogue,
        seen.survey,
        passwords=seen.asked,
        site_file=operation.site_file,
    )
    findings = (*seen.refused, *found)
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
    return seen.model_copy(update={"skipped": skipped})


def _survey(
    operation: Operation, names: Collection[str], passwords: Mapping[str, str] | None = None
) -> Survey:
    hosts = [host for host in operation.site.hosts if host.name in names]
    return survey(
        operation.site,
        operation.catalogue,
        operation.run.root,
        ways=operation.ways,
        log=operation.log,
        live={host.name: live_query(host, operation.site, operation.catalogue) for host in hosts},
        only=names,
        sudo_passwords=passwords,
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


def _sudo_passwords(operation: Operation, seen: Survey) -> tuple[dict[str, str], list[Finding]]:
    """Asked once for each login, for all its hosts that want one; kept in memory. Refusals are findings."""
    passwords: dict[str, str] = {}
    refused: list[Finding] = []
    logins: dict[str, list[str]] = {}
    for name, facts in seen.hosts.items():
        if facts.sudo == "password" and operation.terminal.interactive:
            logins.setdefault(operation.ways[name].user, []).append(name)
    for user, names in logins.items():
        word = operation.terminal.secret(f"sudo password of {user} on {', '.join(names)}: ")
        if word is None:
            continue
        for name in names:
            if sudo_password_works(operation.ways[name], word):
                passwords[name] = word
                continue
            problem = f"its sudo does not take that password of {user}"
            refused.append(Finding(machine=name, problem=problem, remedy=f"try `ssh -t {name} sudo -v`"))
    return passwords, refused
