"""The loopback router as a service of its user's: the files that run it on Linux and on macOS. Pure."""

from __future__ import annotations

import plistlib
from hashlib import sha256
from importlib.resources import files
from typing import Literal

from router.loopback import Loopback, haproxy_config
from router.render import WholeFile

SERVICE = "astraeus-router"
DATA = ".local/share/astraeus-provision"
CONFIG, SCRIPT = "router/haproxy.cfg", "router/router.sh"
UNIT, AGENT = f".config/systemd/user/{SERVICE}.service", f"Library/LaunchAgents/{SERVICE}.plist"
MARK = "Written by astraeus-provision; it is written anew from the site."


def service_files(
    loopback: Loopback, *, system: Literal["Linux", "Darwin"], haproxy: str, home: str
) -> tuple[WholeFile, ...]:
    """Return all that runs it; `haproxy` is the program's path there."""
    script, config = f"{home}/{DATA}/{SCRIPT}", f"{home}/{DATA}/{CONFIG}"
    if system == "Darwin":
        unit = WholeFile(place="home", path=AGENT, text=launchd_agent(script, haproxy, config))
    else:
        unit = WholeFile(place="home", path=UNIT, text=systemd_unit(script, haproxy, config))
    return (
        WholeFile(place="data", path=CONFIG, text=haproxy_config(loopback)),
        WholeFile(place="data", path=SCRIPT, text=supervisor(), executable=True),
        unit,
    )


def supervisor() -> str:
    """Return the script that runs HAProxy."""
    return (files("router") / "units" / "router.sh").read_text("utf-8")


def systemd_unit(script: str, haproxy: str, config: str) -> str:
    """Return the user unit; it runs while its user is logged in, or always where she lingers.

    It changes with the script, so that systemd tells which script is running. Hardening that needs
    namespaces is left out: many systems give none to a user.
    """
    words = " ".join(_systemd_word(word) for word in ("/bin/sh", script, haproxy, config))
    version = sha256(supervisor().encode()).hexdigest()[:16]
    return f"""# {MARK}
[Unit]
Description=Loopback router to the team's GPU hosts
# It waits for its port as long as another process has it.
StartLimitIntervalSec=0

[Service]
# Script {version}
ExecStart={words}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
TimeoutStopSec=10
UMask=0077
# A core file would hold prompts.
LimitCORE=0
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=default.target
"""


def launchd_agent(script: str, haproxy: str, config: str) -> str:
    """Return the agent for macOS."""
    values = {
        "Label": SERVICE,
        "ProgramArguments": ["/bin/sh", script, haproxy, config],
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": 5,
        "ProcessType": "Standard",
        "Umask": 0o077,
        "HardResourceLimits": {"Core": 0},
    }
    head, rest = plistlib.dumps(values, sort_keys=False).decode().split("\n", 1)
    return f"{head}\n<!-- {MARK} -->\n{rest}"


def _systemd_word(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
