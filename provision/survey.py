"""The survey: every machine is looked at at once, read-only; who was not reached is told why."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from provision import hostkeys
from provision.catalogue import Catalogue
from provision.engines.here import look_here
from provision.engines.pyinfra import gather
from provision.errors import EngineError
from provision.facts import HostFacts, Unreached
from provision.fleet.host.reading import read_host
from provision.fleet.host.script import LiveQuery
from provision.fleet.workstation.shapes import Look as WorkstationFacts
from provision.forms import LOCAL
from provision.hostkeys import HostKey
from provision.hostquery import host_query
from provision.knownhosts import pinned, recorded, recorded_without_port
from provision.model import Frozen
from provision.openfiles import room_for
from provision.rundir import write_atomic
from provision.site import Site
from provision.ssh import CONNECT_TIMEOUT_S, Reach, pyinfra_host_data, resolve, run_ssh_config, this_machine

_BROKEN = Unreached(kind="other", reason="it was reached, but its answers make no sense")


class Survey(Frozen):
    """What was seen."""

    hosts: Mapping[str, HostFacts] = {}
    workstations: Mapping[str, WorkstationFacts] = {}
    unreachable: Mapping[str, Unreached] = {}
    keys: Mapping[str, HostKey] = {}
    """Host keys that are not simply known: unknown ones to ask about, changed ones to refuse."""

    def merged(self, later: Survey) -> Survey:
        """With what a second look at some machines found."""
        seen = later.hosts.keys() | later.workstations.keys() | later.unreachable.keys() | later.keys.keys()
        return Survey(
            hosts={**self.hosts, **later.hosts},
            workstations={**self.workstations, **later.workstations},
            unreachable={**{k: v for k, v in self.unreachable.items() if k not in seen}, **later.unreachable},
            keys={**{k: v for k, v in self.keys.items() if k not in seen}, **later.keys},
        )


def operator_user() -> str | None:
    """Whose configuration a local workstation is: the user behind sudo; None is whoever runs this."""
    return os.environ.get("SUDO_USER") if os.geteuid() == 0 else None


def _require_openssh() -> None:
    """Every host is reached by it at last, also where the look itself goes without."""
    if shutil.which("ssh") is None:
        raise EngineError(
            "the OpenSSH client is missing: there is no `ssh` on PATH",
            remedy="install it (the package is openssh-client or openssh-clients)",
        )
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        raise EngineError(
            f"user id {os.getuid()} has no entry in this machine's user database: OpenSSH refuses to run",
            remedy="run this as a user whom `getent passwd` names",
        ) from None


def reaches(site: Site) -> dict[str, Reach]:
    """How every machine but a local workstation is reached (SiteError where ~/.ssh/config is broken)."""
    wishes = {one.name: one.ssh for one in site.consumers if one.name != LOCAL}
    wishes |= {host.name: host.ssh for host in site.hosts if not host.is_here}
    if wishes:
        _require_openssh()
    here = {host.name: this_machine(host.name) for host in site.hosts if host.is_here}
    return here | {name: resolve(name, ssh) for name, ssh in wishes.items()}


def _machine_names(site: Site) -> tuple[str, ...]:
    return (*(host.name for host in site.hosts), *(station.name for station in site.consumers))


def _on_file(way: Reach) -> bool:
    """Whether a look can begin; a name that cannot even be asked for would end pyinfra for all."""
    return hostkeys.resolvable(way) and bool(recorded(way) or recorded_without_port(way))


def write_inventory(run_dir: Path, site: Site, ways: Mapping[str, Reach], *, timeout_s: int) -> None:
    """What pyinfra is fed from: inventory.json, and an ssh_config and known_hosts of what we resolved."""

    def data(name: str) -> dict[str, Any]:
        if name == LOCAL:
            return {"local": True, "as_user": operator_user()}
        return pyinfra_host_data(ways[name], run_dir, timeout_s)

    ways = {name: way for name, way in ways.items() if not way.here}
    inventory = {
        "hosts": {host.name: data(host.name) for host in site.hosts if host.name in ways},
        "workstations": {
            station.name: data(station.name)
            for station in site.consumers
            if station.name == LOCAL or station.name in ways
        },
    }
    write_atomic(run_dir / "inventory.json", json.dumps(inventory, indent=2) + "\n")
    write_atomic(run_dir / "ssh_config", run_ssh_config(ways))
    write_atomic(run_dir / "known_hosts", pinned(dict(ways)))


def _with_local_archive(facts: HostFacts | None, site: Site) -> HostFacts | None:
    """With the size of the archive that this machine provides, where the site says so."""
    archives = {str(arch): source for arch, source in site.ollama.archives.items()}
    archive = archives.get(facts.arch) if facts is not None else None
    if facts is None or archive is None or archive.is_url:
        return facts
    path = Path(archive.source)
    return facts.model_copy(update={"archive_bytes": path.stat().st_size if path.is_file() else None})


def _answered(
    site: Site, answers: Mapping[str, Mapping[str, Any]], missing: Mapping[str, Unreached]
) -> Survey:
    hosts: dict[str, HostFacts] = {}
    workstations: dict[str, WorkstationFacts] = {}
    unreachable = dict(missing)
    host_names = {host.name for host in site.hosts}
    for name, answer in answers.items():
        try:
            if name not in host_names:
                workstations[name] = WorkstationFacts.model_validate(answer)
                continue
            facts = _with_local_archive(read_host(answer), site)
        except (ValueError, KeyError, IndexError, TypeError):
            facts = None
        if facts is None:
            unreachable[name] = _BROKEN
        else:
            hosts[name] = facts
    return Survey(hosts=hosts, workstations=workstations, unreachable=unreachable)


def survey(
    site: Site,
    catalogue: Catalogue,
    run_dir: Path,
    *,
    ways: Mapping[str, Reach],
    log: Callable[[str], None],
    live: Mapping[str, LiveQuery] | None = None,
    only: Collection[str] | None = None,
    sudo_passwords: Mapping[str, str] | None = None,
    timeout_s: int = CONNECT_TIMEOUT_S,
) -> Survey:
    """Look at every machine (or only at those named): dead ones together cost one timeout.

    A machine with a recorded key is looked at straight away, and its key is held to the record in that.
    One without is only asked for its key; so is one that then showed another.
    """
    names = [name for name in _machine_names(site) if only is None or name in only]
    remote = {name: ways[name] for name in names if name != LOCAL and not ways[name].here}
    here = [host for host in site.hosts if host.name in names and host.is_here]
    room_for(len(remote))
    on_file = {name: way for name, way in remote.items() if _on_file(way)}
    strangers = {name: way for name, way in remote.items() if name not in on_file}
    asked = [name for name in names if name in on_file or name == LOCAL]
    write_inventory(run_dir, site, on_file, timeout_s=timeout_s)
    for host in site.hosts:
        if host.name in on_file:
            query = host_query(host, site, catalogue, (live or {}).get(host.name))
            write_atomic(run_dir / "query" / f"{host.name}.json", query.model_dump_json(indent=2) + "\n")
    with ThreadPoolExecutor(max_workers=1) as beside:
        keys_of_strangers = beside.submit(hostkeys.check, strangers, timeout_s)
        answers, missing = (
            gather(run_dir, asked, log=log, sudo_passwords=sudo_passwords) if asked else ({}, {})
        )
        keys = keys_of_strangers.result()
    for host in here:
        query = host_query(host, site, catalogue, (live or {}).get(host.name))
        answers[host.name] = look_here(query, (sudo_passwords or {}).get(host.name), log)
    # Asked once more: who shows another key, and why a proxy leads nowhere, which pyinfra does not tell.
    doubtful = {
        name: remote[name]
        for name, why in missing.items()
        if name in remote and (why.kind == "host key" or (remote[name].proxy_command and why.kind != "login"))
    }
    keys |= hostkeys.check(doubtful, timeout_s)
    seen = _answered(site, answers, {name: why for name, why in missing.items() if why.kind != "host key"})
    return seen.model_copy(
        update={
            "keys": {name: key for name, key in keys.items() if key.state in {"unknown", "changed"}},
            "unreachable": {
                **seen.unreachable,
                **{
                    name: missing[name]
                    if name in missing and not (key.state == "unreachable" and remote[name].proxy_command)
                    else Unreached(kind=key.kind, reason=key.reason)
                    for name, key in keys.items()
                    if key.state in {"unreachable", "known"}
                },
            },
        }
    )
