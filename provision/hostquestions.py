"""The questions to one host, one small function each. Pure; a question yields what it finds wrong."""

from __future__ import annotations

from pathlib import Path

from provision.disk import GIB, disk_need, shortfalls
from provision.facts import PortOwner
from provision.findings import Case, Findings
from provision.gpuquestions import driver_age, gpu_memory, graphics
from provision.hostquery import source_names
from provision.hostvars import archive_for
from provision.networks import Admission, Refusal, admitted, public_networks

FAMILIES = frozenset({"debian", "ubuntu", "fedora", "rhel", "centos"})
PACKAGE_MANAGERS = frozenset({"apt-get", "dnf"})
ADMINS = frozenset({"sudo", "wheel", "admin"})
MAX_SKEW_S = 300


def operating_system(case: Case) -> Findings:
    """A Linux that the roles know, run by systemd."""
    os = case.facts.os
    if os.system != "Linux":
        yield case.blocks(
            f"its operating system is {os.system or 'unknown'}; a host must run Linux",
            "serve from a Linux machine; this one can be a workstation if it is a Mac",
        )
        return
    if not FAMILIES & {os.id, *os.like}:
        yield case.blocks(
            f"{os.pretty or os.id or 'its Linux'} is not known here",
            "use Debian, Ubuntu, Fedora, RHEL or a relative of theirs",
        )
    elif case.facts.package_manager not in PACKAGE_MANAGERS:
        yield case.blocks(
            f"{os.pretty or os.id} has {case.facts.package_manager or 'no package manager'}, not apt or dnf",
            "use a release with apt or dnf that installs packages",
        )
    if case.facts.systemd is None:
        yield case.blocks(
            f"it is not run by systemd but by {case.facts.init or 'something unknown'}",
            "Ollama is kept running by systemd: use a machine (or a container) that boots with it",
        )


def privileges(case: Case) -> Findings:
    """Root, or sudo."""
    facts = case.facts
    match facts.sudo:
        case "none":
            yield case.blocks(
                f"{facts.user or 'the login'} cannot become root there: "
                + (facts.sudo_says or "sudo is not installed"),
                "log in as a user with sudo rights (`user` in the site or ~/.ssh/config), or as root",
            )
        case "password" if not case.password_given:
            if "tty" in facts.sudo_says:
                yield case.blocks(
                    f"its sudo demands a terminal: {facts.sudo_says}",
                    f"remove `requiretty` for {facts.user} in its sudoers",
                )
                return
            doubt = "" if ADMINS & set(facts.groups) else " (it is in no group that usually may use sudo)"
            yield case.blocks(
                f"sudo asks {facts.user or 'the login'} for a password, and none was given{doubt}",
                f"run this on a terminal, where it asks once, or allow it there: "
                f"`{facts.user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d",
            )
        case "unknown":
            yield case.blocks(
                "whether sudo works there could not be found out", "log in by hand and try `sudo -n true`"
            )
        case _:
            return


def archive(case: Case) -> Findings:
    """An Ollama for its processor, with a checksum somebody read; a local archive must be there."""
    arch = case.facts.arch
    known = case.catalogue.ollama.archives.keys() | set(case.site.ollama.archives)
    if arch not in known:
        yield case.blocks(
            f"there is no Ollama archive for its processor ({arch or 'unknown'})",
            f"use a machine with one of {', '.join(sorted(known))}",
        )
        return
    if archive_for(arch, case.site, case.catalogue) is None:
        yield case.blocks(
            f"the archive for {arch} is unpinned: nobody has read its sha256",
            f"name it with its sha256 in the site: ollama.archives.{arch}",
        )
    overrides = {str(key): source for key, source in case.site.ollama.archives.items()}
    local = overrides.get(arch)
    if local is not None and not local.is_url and not Path(local.source).is_file():
        yield case.blocks(
            f"its Ollama archive {local.source} is not on this machine",
            f"put it there, or correct ollama.archives.{arch} in the site",
        )


def disk(case: Case) -> Findings:
    """Room for what is missing."""
    need = disk_need(case.host, case.site, case.catalogue, case.facts)
    for mount, needed, free in shortfalls(need, case.facts):
        guess = " (by the catalogue's sizes)" if need.estimated else ""
        yield case.blocks(
            f"{mount} has {free / GIB:.1f} GiB free, {needed / GIB:.1f} GiB are needed{guess}",
            "free or add room there, or serve fewer models from it (`models:` in the site)",
        )


def _owner(owner: PortOwner) -> str:
    if owner.container:
        return f"container {owner.container}"
    if owner.unit:
        return f"{owner.unit}" + (f" ({owner.process})" if owner.process else "")
    if owner.process:
        return f"{owner.process} (process {owner.pid})"
    return "a program that cannot be named without root"


def existing_ollama(case: Case) -> Findings:
    """An Ollama that is not ours is adopted or refused by choice; others on the port are in the way."""
    found, port = case.facts.ollama, case.catalogue.ollama.port
    name = case.host.name
    match found.kind:
        case "unit" if case.host.existing_ollama == "refuse":
            yield case.blocks(
                f"an Ollama that we did not install is there: {found.unit_path or 'ollama.service'}",
                f"say `existing_ollama: adopt` for {name} in the site (its unit is backed up, "
                "its models stay), or remove it there",
            )
        case "docker":
            yield case.blocks(
                f"an Ollama runs there in the container {found.container}",
                f"stop it (`docker stop {found.container}`), so that the port {port} and the GPU are free",
            )
        case "process":
            pid = case.facts.port_owner.pid
            yield case.blocks(
                f"an Ollama runs there that no service keeps ({_owner(case.facts.port_owner)})",
                f"stop it (`kill {pid}`)" if pid else "stop it (`pkill -x ollama` as root)",
            )
        case "none" if case.facts.port_taken:
            yield case.blocks(
                f"its port {port} is taken by {_owner(case.facts.port_owner)}",
                f"stop that, or move it to another port (`ss -ltnp 'sport = :{port}'` shows it)",
            )
        case "ours" | "unit":
            yield from _foreign_on_port(case)
        case _:
            return


def _foreign_on_port(case: Case) -> Findings:
    owner, port = case.facts.port_owner, case.catalogue.ollama.port
    named = owner.container or owner.process
    if case.facts.port_taken and named and owner.unit != "ollama.service":
        yield case.blocks(
            f"its ollama.service is there, but its port {port} is taken by {_owner(owner)}",
            "stop that other program",
        )


def firewall(case: Case) -> Findings:
    """One manager at most: two overwrite each other."""
    managers = sorted(case.facts.firewalls & {"ufw", "firewalld"})
    if len(managers) > 1:
        yield case.blocks(
            f"two firewall managers are active there: {' and '.join(managers)}",
            f"keep one: `systemctl disable --now {managers[0]}`",
        )


def networks(case: Case) -> Findings:
    """Somebody must be admitted, and never the world."""
    decision = admitted(case.host, case.site, case.facts)
    if isinstance(decision, Refusal):
        yield case.blocks(decision.problem, decision.remedy)
    elif isinstance(decision, Admission):
        for network in public_networks(decision.networks):
            yield case.warns(
                f"it admits the public network {network}, and Ollama has no login",
                "make sure that everyone there may use it",
            )


def clock(case: Case) -> Findings:
    """TLS and package signatures need the time."""
    skew = case.facts.clock_skew_s
    if skew is not None and abs(skew) > MAX_SKEW_S:
        yield case.blocks(
            f"its clock is {abs(skew) / 60:.0f} minutes {'ahead' if skew > 0 else 'behind'}",
            "set it (`timedatectl set-ntp true`)",
        )


def sources(case: Case) -> Findings:
    """What it still has to fetch comes from names that it must resolve."""
    need = disk_need(case.host, case.site, case.catalogue, case.facts)
    wanted = source_names(
        case.site, case.catalogue, case.facts.arch, archive=need.archive_bytes > 0, models=bool(need.missing)
    )
    for name in wanted:
        if case.facts.resolves.get(name) is False:
            yield case.blocks(
                f"it cannot resolve {name}, from which it has to fetch",
                "repair its DNS (or /etc/hosts), or name a LAN mirror in the site",
            )


HOST_QUESTIONS = (
    operating_system,
    privileges,
    archive,
    graphics,
    driver_age,
    gpu_memory,
    disk,
    existing_ollama,
    firewall,
    networks,
    clock,
    sources,
)
