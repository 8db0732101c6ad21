"""The questions to one host, one small function each. Pure; a question yields what it finds wrong."""

from __future__ import annotations

from provision.disk import GIB, disk_need, shortfalls
from provision.driverquestions import driver_age, graphics, instances, undriven_cards
from provision.findings import Case, Findings
from provision.gpuquestions import gpu_memory
from provision.hostquery import source_names
from provision.hostvars import archive_for
from provision.networks import Admission, Refusal, admitted, public_networks
from provision.ollamaquestions import existing_ollama, models_folder

FAMILIES = frozenset({"debian", "ubuntu", "fedora", "rhel", "centos"})
PACKAGE_MANAGERS = frozenset({"apt-get", "dnf"})
ADMINS = frozenset({"sudo", "wheel", "admin"})
MAX_SKEW_S = 300
OLDEST_PYTHON = (3, 9)
OLDEST_RELEASES = {"debian": 11, "ubuntu": 22, "rhel": 9, "centos": 9}
"""The first whose own python3 is new enough."""


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


def python(case: Case) -> Findings:
    """A python3 that runs Ansible's modules and ours, there or brought by the release."""
    os, found = case.facts.os, case.facts.python
    family = os.id if os.id in OLDEST_RELEASES else "rhel" if "rhel" in os.like else ""
    release = os.version.partition(".")[0]
    if found is not None:
        parts = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
        is_old, what = parts < OLDEST_PYTHON, f"its python3 is {found}"
    else:
        is_old = family != "" and release.isdigit() and int(release) < OLDEST_RELEASES[family]
        what = f"{os.pretty or os.id} brings an older python3"
    if is_old:
        yield case.blocks(
            f"{what}; Ansible's modules need {'.'.join(map(str, OLDEST_PYTHON))}",
            "upgrade it to Debian 11, Ubuntu 22.04, RHEL (Rocky, Alma, CentOS Stream) 9, Fedora, or newer",
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
    if local is not None and not local.is_url and case.facts.archive_bytes is None:
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
    python,
    privileges,
    archive,
    graphics,
    driver_age,
    undriven_cards,
    instances,
    gpu_memory,
    disk,
    existing_ollama,
    models_folder,
    firewall,
    networks,
    clock,
    sources,
)
