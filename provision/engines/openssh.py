"""OpenSSH beside the two engines: a tunnel to a host's own loopback, and the probe from off the list.

Knows `ssh` command lines; nothing else in the product does, beside provision.ssh which renders their options.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Literal

from provision.errors import EngineError
from provision.foreign import printable
from provision.model import Frozen
from provision.ssh import Reach, openssh_argv

TUNNEL_TIMEOUT_S = 20.0
PROBE_TIMEOUT_S = 60.0
SUDO_TIMEOUT_S = 20.0
_POLL_S = 0.02
_OPENSSH_FAILED = 255

Log = Callable[[list[str]], None]


@contextmanager
def tunnel(reach: Reach, port: int, log: Log) -> Iterator[Path]:
    """A Unix socket here that leads to 127.0.0.1:port on the host; EngineError when ssh refuses."""
    with tempfile.TemporaryDirectory(prefix="astraeus-") as folder:
        socket = Path(folder) / "port"
        forward = {"ExitOnForwardFailure": "yes", "StreamLocalBindMask": "0177"}
        argv = openssh_argv(reach, options=forward)
        argv[1:1] = ["-N", "-L", f"{socket}:127.0.0.1:{port}"]
        log(argv)
        with _started(argv) as process:
            try:
                _wait_for(socket, process, reach.alias)
                yield socket
            finally:
                process.terminate()
                if process.stderr is not None:
                    process.stderr.close()


def _started(argv: list[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise no_openssh() from None


def _wait_for(socket: Path, process: subprocess.Popen[str], name: str) -> None:
    deadline = time.monotonic() + TUNNEL_TIMEOUT_S
    while not socket.exists():
        if process.poll() is not None:
            said = process.stderr.read() if process.stderr else ""
            raise EngineError(
                f"{name}: ssh could not open a tunnel to its port",
                evidence=printable(said[-1000:], lines=True),
            )
        if time.monotonic() > deadline:
            raise EngineError(f"{name}: the tunnel was not open after {TUNNEL_TIMEOUT_S:.0f} s")
        time.sleep(_POLL_S)


class OffList(Frozen):
    """What the probe from an address off the list saw."""

    verdict: Literal["closed", "open", "unknown"]
    detail: str


def probe_off_list(reach: Reach, port: int, sudo_password: str | None, log: Log) -> OffList:
    """Ask the host's port from a network namespace of its own, whose documentation addresses nobody admits.

    The namespace lives for seconds and leaves nothing. A probe whose own link does not work proves nothing:
    it says `unknown` unless the host told its hardware address.
    """
    script = files("provision.engines").joinpath("off_list_probe.py").read_text(encoding="utf-8")
    sudo = "" if reach.user == "root" else "sudo -n " if sudo_password is None else "sudo -k -S -p '' "
    argv = openssh_argv(reach, f"{sudo}/usr/bin/python3 -c 'import sys; exec(sys.stdin.read())' {port}")
    log(argv)
    text = script if sudo_password is None or not sudo else f"{sudo_password}\n{script}"
    try:
        done = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        raise no_openssh() from None
    except subprocess.TimeoutExpired:
        return OffList(verdict="unknown", detail=f"the probe took longer than {PROBE_TIMEOUT_S:.0f} s")
    word, _, detail = printable(done.stdout.strip()).partition(" ")
    match word:
        case "closed" | "open":
            return OffList(verdict=word, detail=detail)
        case "unknown":
            return OffList(verdict="unknown", detail=detail)
        case _:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            return OffList(verdict="unknown", detail=f"the probe did not run: {printable(said)}")


def no_openssh() -> EngineError:
    """For whoever starts `ssh` and finds none."""
    return EngineError(
        "the OpenSSH client is missing: there is no `ssh` on PATH",
        remedy="install it (the package is openssh-client or openssh-clients)",
    )


def sudo_password_works(reach: Reach, password: str, timeout_s: float = SUDO_TIMEOUT_S) -> bool:
    """Whether sudo there takes this password; it goes through stdin only and leaves no sudo timestamp."""
    argv = openssh_argv(reach, "sudo -k -S -p '' true")
    try:
        done = subprocess.run(
            argv, input=f"{password}\n", capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        raise no_openssh() from None
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"{reach.alias}: sudo did not answer within {timeout_s:.0f} s", remedy="try again"
        ) from None
    if done.returncode == _OPENSSH_FAILED:
        raise EngineError(f"{reach.alias}: ssh could not log in to try sudo", evidence=done.stderr[-500:])
    return done.returncode == 0
