"""Decides how HAProxy comes onto a workstation, and reads how its loopback router was started. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from provision.fleet.workstation.proxy import Installer, Proxy, ProxyPlan
from provision.fleet.workstation.reading import Lines, clean, numbers
from router.loopback import STATUS_PATH, WORD, Loopback, config_hash
from router.service import AGENT, CONFIG, DATA, SERVICE, UNIT

OLDEST = (2, 4)
LOST = (
    "a host that is down is noticed late (OpenCode asks its model for a minute before it asks the next one), "
    "requests are not shared between hosts, and a new address of a host needs a new run"
)
"""What a workstation lacks that talks to the hosts directly."""
INSTALL_S, START_S = 600, 20
APPLY_S, REMOVE_S = 720, 300
"""What loopback.sh's own limits can add up to: it is to say itself what kept it, not to be cut off."""
PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:/usr/local/bin"
"""Where programs are that a user's PATH may lack."""
Act = Literal["install", "apply", "remove"]
_COMMANDS: Mapping[Installer, str] = {
    "apt": "sudo apt-get install haproxy",
    "dnf": "sudo dnf install haproxy",
    "zypper": "sudo zypper install haproxy",
    "pacman": "sudo pacman -S haproxy",
    "apk": "sudo apk add haproxy",
    "brew": "brew install haproxy",
}


def plan_loopback(proxy: Proxy, system: str, wanted: Loopback) -> ProxyPlan:
    """Return how it would come there; `system` is `uname -s`. An old one of the user's is not replaced."""
    impossible = _impossible(proxy, system)
    if impossible:
        return ProxyPlan(how="impossible", said=impossible)
    return ProxyPlan(
        how="install" if proxy.path is None else "present",
        installer=proxy.installer,
        haproxy=proxy.path or proxy.would_be,
        foreign=foreign_on_port(proxy, wanted.port),
        runs=proxy.port == f"200 {WORD} {config_hash(wanted)}",
    )


def _impossible(proxy: Proxy, system: str) -> str:
    """Say why it cannot come there; empty where it can."""
    if system not in ("Linux", "Darwin"):
        return f"the loopback router does not run on {system}"
    if not proxy.manager:
        return "no service manager there runs services of its user's own"
    if proxy.path is None:
        return _not_installable(proxy)
    if numbers(proxy.version or "")[:2] >= OLDEST:
        return ""
    oldest = ".".join(map(str, OLDEST))
    return f"{proxy.path} is HAProxy {proxy.version or 'of an unknown version'}, and {oldest} is needed"


def _not_installable(proxy: Proxy) -> str:
    if proxy.installer is None:
        return "no HAProxy there, and no package manager that we know"
    if not proxy.root:
        by_hand = _COMMANDS[proxy.installer]
        return f"no HAProxy there, and its user may not install it: `{by_hand}` there, and run again"
    return ""


def foreign_on_port(proxy: Proxy, port: int) -> str:
    """Say what has the router's port, where that is no router of ours; empty where it is free or ours."""
    status, _, line = proxy.port.partition(" ")
    if status == "200" and line.startswith(WORD):
        return ""
    if not proxy.port or status == "free":
        return ""
    return f"another process answers on port {port}"


def loopback_values(act: Act, proxy: Proxy, *, system: str, home: str) -> dict[str, str]:
    """Return the settings of loopback.sh; `apply` runs what is on the disk, or ends what ran."""
    return {
        "ACT": act,
        "HOW": proxy.installer or "",
        "HAPROXY": proxy.path or "",
        "SERVICE": SERVICE,
        "UNIT": f"{home}/{AGENT if system == 'Darwin' else UNIT}",
        "CONFIG": f"{home}/{DATA}/{CONFIG}",
        "WORD": WORD,
        "STATUS_PATH": STATUS_PATH,
        "DEADLINE_S": str(INSTALL_S if act == "install" else START_S),
        "PLACES": PLACES,
    }


_FAULTS: Mapping[str, tuple[str, str]] = {
    "root": ("HAProxy cannot be installed without root", "install haproxy there and run again"),
    "late": ("the installation of HAProxy did not finish in time", "run again on a better line"),
    "package": ("HAProxy could not be installed", "see what the package manager said"),
    "absent": ("HAProxy is not there", "install haproxy there and run again"),
    "config": (
        "HAProxy does not take the router's configuration",
        "look at its version; what it said should be reported",
    ),
    "names": (
        "the hosts' names are not looked up there in time, and HAProxy does not start without",
        "mend name resolution there, or give the hosts addresses (`advertise`), and run again",
    ),
    "manager": (
        "no service manager of this user's can be reached there",
        "log in there once (on Linux: let root run `loginctl enable-linger {user}`) and run again",
    ),
    "masked": (
        "its user has masked the loopback router's unit, so that it never runs",
        f"`systemctl --user unmask {SERVICE}.service` there, or `router: {{loopback: false}}` in the site",
    ),
    "end": ("the loopback router could not be ended", "see what the service manager said"),
    "service": ("the loopback router could not be started", "see what the service manager said"),
    "port": (
        "another process has the loopback router's port",
        "end it there, or name another port, and run again",
    ),
    "router": (
        "another user's loopback router has the port, with other settings",
        "give all users of that machine the same hosts, or let one of them have the router",
    ),
    "start": ("the loopback router did not answer", "see what it said"),
}


def loopback_fault(lines: Lines, user: str) -> tuple[str, str, str] | None:
    """Return (problem, remedy, evidence) where loopback.sh failed."""
    for key, value in lines:
        if key == "failed":
            code, _, said = clean(value).partition(" ")
            problem, remedy = _FAULTS.get(
                code, ("the loopback router could not be set up", "see what it said")
            )
            return problem, remedy.replace("{user}", user), said.replace("|", "\n").strip()
    return None


def loopback_left_to_do(lines: Lines, user: str) -> tuple[str, ...]:
    """Return what the user may want to do herself."""
    if ("lingers", "no") not in lines:
        return ()
    command = f"sudo loginctl enable-linger {user}"
    return (f"the loopback router runs while {user} is logged in: `{command}` keeps it when nobody is",)
