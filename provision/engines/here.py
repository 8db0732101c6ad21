"""This machine's own shell, where no engine has to reach anything."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

from provision.fleet.host.script import HostQuery, command

LOOK_TIMEOUT_S = 60.0


def look_here(query: HostQuery, sudo_password: str | None, log: Callable[[str], None]) -> dict[str, Any]:
    """The look at a host, on this machine, in the form of pyinfra's answer; empty where it takes too long."""
    log("sh -c '(the look at a host)'")
    try:
        done = subprocess.run(
            ["sh", "-c", command(query)],
            input="" if sudo_password is None else f"{sudo_password}\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=LOOK_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}
    return {"text": done.stdout, "received_epoch": time.time()}
