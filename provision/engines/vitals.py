"""What a host's kernel, card and service say of their health; read-only, over SSH or here."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib.resources import files

from provision.foreign import printable
from provision.model import Frozen
from provision.ssh import Reach, openssh_argv

TIMEOUT_S = 60.0


class Vitals(Frozen):
    """Signs of life; empty where there is nothing to tell."""

    restarts: int | None = None
    """How often systemd restarted the server since it was started by hand or at boot."""
    xid: str = ""
    """The last error of a card in the kernel's log since boot."""
    hot: str = ""
    """Cards that heat slows down, as nvidia-smi tells."""
    compute: str = ""
    """Ollama's own line about the processor or card that it found when it started."""


def vitals(reach: Reach, sudo_password: str | None, log: Callable[[list[str]], None]) -> Vitals | None:
    """Ask; None where it cannot be asked."""
    script = files("provision.engines").joinpath("vitals.sh").read_text(encoding="utf-8")
    sudo = "" if reach.user == "root" else "sudo -n " if sudo_password is None else "sudo -k -S -p '' "
    argv = openssh_argv(reach, f"{sudo}sh -s")
    log(argv)
    text = script if sudo_password is None or not sudo else f"{sudo_password}\n{script}"
    try:
        done = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_vitals(done.stdout)


def read_vitals(text: str) -> Vitals | None:
    """The script's answer; None where it broke off."""
    said = dict(line.partition("=")[::2] for line in printable(text, lines=True).splitlines())
    if said.get("complete") != "yes":
        return None
    restarts = said.get("restarts", "")
    return Vitals(
        restarts=int(restarts) if restarts.isdigit() else None,
        xid=said.get("xid", ""),
        hot=said.get("hot", ""),
        compute=said.get("compute", ""),
    )
