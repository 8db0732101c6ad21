"""Programs that the lab needs from the machine: installed on Debian, named elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.lab.layout import BUILT
from tests.lab.shell import LabError, run_logged, step

# Program to Debian package.
PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "zstd": "zstd",
    "cmake": "cmake",
    "make": "make",
    "g++": "g++",
    "strip": "binutils",
    "ssh-keygen": "openssh-client",
    "flock": "util-linux",
    "tar": "tar",
}
FILES = {"netavark": (Path("/usr/lib/podman/netavark"), Path("/usr/libexec/podman/netavark"))}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """Debian packages whose programs are not here."""
    path = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
    lacking = [package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None]
    return lacking + [
        package for package, places in FILES.items() if not any(place.exists() for place in places)
    ]


def install_missing() -> None:
    """Install them, or say which they are."""
    packages = missing()
    if not packages:
        return
    named = " ".join(packages)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise LabError(f"this machine lacks {named} (Debian's names)\n-> install them, then run this again")
    log = BUILT / "logs" / "apt.log"
    with step(f"installing {named}", "20 s to 1 min"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run_logged(["apt-get", "update"], log, env=quiet)
        run_logged(["apt-get", "install", "-y", "--no-install-recommends", *packages], log, env=quiet)
