"""A script in a session of its own, so that a test sees what it leaves running."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def in_session(words: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start it as a terminal would: no signal is ignored."""
    return subprocess.Popen(
        ["env", "--default-signal", *words],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def running(session: int) -> list[str]:
    """Return the commands of all that runs in a session."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            words = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            found.append(words)
    return found


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait until it holds, no longer than this."""
    until = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return holds
