"""Preflight: everything that is wrong with every machine, all at once, before anything is changed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from provision.catalogue import Catalogue
from provision.facts import Unreached
from provision.findings import Case, Finding
from provision.fitting import fits, fitted
from provision.hostkeys import HostKey
from provision.hostquestions import HOST_QUESTIONS
from provision.site import Site
from provision.survey import Survey
from provision.workstationquestions import WORKSTATION_QUESTIONS

_REMEDIES = {
    "silent": "wake it or check its network, then run this again",
    "refused": "start its SSH server, or correct its port in the site or ~/.ssh/config",
    "name": "correct its name, or give its address as `ssh: {{hostname: …}}` in the site or in ~/.ssh/config",
    "login": "see that `ssh {name}` lets you in without a password (ssh-copy-id, ssh-add, the right `user`)",
    "host key": "compare its key (`ssh {name}`) with the one on file",
    "other": "see what `ssh {name}` says",
}


def _unreachable(name: str, why: Unreached, *, is_host: bool) -> Finding:
    """A host must answer; a workstation may sleep, and is finished later."""
    asleep = not is_host and why.kind not in {"login", "host key"}
    return Finding(
        machine=name,
        problem=why.reason,
        remedy=_REMEDIES[why.kind].format(name=name),
        severity="skips" if asleep else "blocks",
    )


def _key(name: str, key: HostKey) -> Finding:
    if key.state == "unknown":
        return Finding(
            machine=name,
            problem=f"its host key is not known: {key.key_type} {key.fingerprint}",
            remedy=f"compare it with the machine's own, then accept it on a terminal, or by `ssh {name}`",
        )
    where = f" ({key.file} line {key.line})" if key.file else ""
    return Finding(
        machine=name,
        problem=f"ITS HOST KEY CHANGED: {key.reason}{where}: it shows {key.key_type} {key.fingerprint}"
        + (f", on file is {key.expected}" if key.expected else ""),
        remedy="somebody may be in between. If the machine was reinstalled and its fingerprint is right, "
        f"remove the old key: ssh-keygen -f {key.file or '~/.ssh/known_hosts'} -R {name}",
    )


def _machines(
    site: Site, catalogue: Catalogue, survey: Survey, given: Collection[str], site_file: str | None
) -> Iterator[Finding]:
    hosts = {host.name for host in site.hosts}
    found = fits(site, catalogue, survey.hosts)
    served = fitted(site, found)
    for name in (*hosts_in_order(site), *(station.name for station in site.consumers)):
        if name in survey.keys:
            yield _key(name, survey.keys[name])
        elif name in survey.unreachable:
            yield _unreachable(name, survey.unreachable[name], is_host=name in hosts)
        elif name in survey.hosts:
            case = Case(
                host=served.host(name),
                site=site,
                catalogue=catalogue,
                facts=survey.hosts[name],
                password_given=name in given,
                site_file=site_file,
                fits=found,
            )
            for question in HOST_QUESTIONS:
                yield from question(case)
        elif name in survey.workstations:
            for ask in WORKSTATION_QUESTIONS:
                yield from ask(name, survey.workstations[name])


def hosts_in_order(site: Site) -> tuple[str, ...]:
    """Names of the hosts, as the site lists them."""
    return tuple(host.name for host in site.hosts)


def preflight(
    site: Site,
    catalogue: Catalogue,
    survey: Survey,
    *,
    passwords: Collection[str] = (),
    site_file: str | None = None,
) -> tuple[Finding, ...]:
    """All findings, machine by machine.

    passwords names the hosts whose sudo password was given and works; site_file is what remedies name.
    """
    return tuple(_machines(site, catalogue, survey, passwords, site_file))


def blocking(findings: Collection[Finding]) -> tuple[Finding, ...]:
    """Those that stop the run."""
    return tuple(finding for finding in findings if finding.severity == "blocks")
