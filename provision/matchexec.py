"""The commands of `Match exec` blocks: run as OpenSSH runs them, but neither for ever nor past a Ctrl-C.

paramiko would run them by invoke, which knows no limit and turns an interruption into another error.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import paramiko.config

from provision.foreign import printable

LIMIT_S = 10.0


def bounded() -> None:
    """Have paramiko run them from here; said before each use, as pyinfra too puts its own in that place."""
    config: Any = paramiko.config
    config.invoke = SimpleNamespace(run=_run)


def _run(command: str, **_: object) -> SimpleNamespace:
    """What paramiko asks of invoke: whether it went well. OSError past the limit."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    process = subprocess.Popen(
        [shell, "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return SimpleNamespace(ok=process.wait(LIMIT_S) == 0)
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"`{printable(command)}` of a Match exec did not end within {LIMIT_S:.0f} s"
        ) from None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
