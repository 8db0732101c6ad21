"""Running a program: its command line is kept, its last words are evidence, Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from provision.errors import EngineError
from provision.foreign import printable
from provision.model import Frozen

EVIDENCE_LINES = 20
GRACE_S = 5.0
POLL_S = 0.05


class Completed(Frozen):
    """What a program left."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    timed_out: bool = False

    @property
    def evidence(self) -> str:
        """The last lines it said."""
        last = (self.stderr.strip() or self.stdout.strip()).splitlines()[-EVIDENCE_LINES:]
        return printable("\n".join(last), lines=True)


def command_text(argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """The command line as a person can paste it."""
    text = shlex.join([*(["env", *(f"{key}={value}" for key, value in env.items())] if env else []), *argv])
    return f"(cd {shlex.quote(str(cwd))} && {text})" if cwd else text


def _left(leader: int, known: set[int]) -> set[int]:
    """What runs of a program: its process group, and all below what is known of it, wherever that went."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], capture_output=True, text=True, check=False
    )
    rows = [line.split() for line in listing.stdout.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, _, state in rows if not state.startswith("Z")}
    grouped = {int(pid) for pid, _, group, _ in rows if int(group) == leader}
    found = (known | grouped | {leader}) & parents.keys()
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found - {leader}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not break off the clearing up after the first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _HeldBack:
    """Signals that come while a program starts: nobody knows it yet, so nobody could end it.

    Those that are ignored stay so; the program inherits either.
    """

    def __init__(self) -> None:
        self._came: list[int] = []
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if callable(signal.getsignal(number)):
                    self._before[number] = signal.signal(number, lambda came, _frame: self._came.append(came))

    def release(self) -> None:
        """Heed signals again, and what came meanwhile now."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for number in self._came:
            self._before[number](number, None)


def stop(process: subprocess.Popen[str]) -> None:
    """End a program and all it started: asked, asked again, then killed."""
    with _undisturbed():
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    below = _left(process.pid, set())
    for number in (signal.SIGINT, signal.SIGTERM):
        if process.poll() is not None:
            break
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
        below |= _left(process.pid, below)
    if process.poll() is None:
        process.kill()
    _end(process.pid, below)
    process.wait()


def _end(leader: int, below: set[int]) -> None:
    """End what the program left; a script on this very machine clears up when it is asked to end."""
    deadline = time.monotonic() + GRACE_S
    asked: set[int] = set()
    while (left := _left(leader, below)) and time.monotonic() < deadline:
        _send(left - asked, signal.SIGTERM)
        asked |= left
        below |= left
        time.sleep(POLL_S)
    _send(left, signal.SIGKILL)


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _sweep(leader: int) -> None:
    """End what a program that ended by itself left of its session, such as a proxy that heeds no one."""
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return
    _end(leader, set())


def _drain(stream: IO[str], into: list[str], tell: Callable[[str], None] | None) -> threading.Thread:
    def read() -> None:
        for line in stream:
            into.append(line)
            if tell is not None:
                tell(line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def run(
    argv: Sequence[str],
    *,
    log: Callable[[str], None],
    env: Mapping[str, str] | None = None,
    hidden_env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout_s: float | None = None,
    on_stdout: Callable[[str], None] | None = None,
    on_stderr: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program to its end; env is logged with it, hidden_env is not. Lines are told as they come.

    It gets a session of its own, so a Ctrl-C on the terminal reaches it once, from here.
    """
    log(command_text(argv, env, cwd))
    held_back = _HeldBack()
    try:
        process = subprocess.Popen(
            list(argv),
            env={**os.environ, **(env or {}), **(hidden_env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        held_back.release()
        raise EngineError(
            f"{argv[0]} could not be started: {error.strerror}",
            remedy=f"{Path(argv[0]).name} belongs to this program's installation: install that again",
        ) from None
    stdout: list[str] = []
    stderr: list[str] = []
    readers: list[threading.Thread] = []
    timed_out = False
    try:
        held_back.release()
        if process.stdout is not None and process.stderr is not None:  # they are pipes, as asked above
            readers = [_drain(process.stdout, stdout, on_stdout), _drain(process.stderr, stderr, on_stderr)]
        if process.stdin is not None and stdin is not None:
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(stdin)
        process.wait(timeout_s)
        _sweep(process.pid)
    except subprocess.TimeoutExpired:
        timed_out = True
        stop(process)
    except BaseException:
        stop(process)
        raise
    finally:
        for reader in readers:
            reader.join(GRACE_S)
    return Completed(
        argv=tuple(argv),
        returncode=process.returncode,
        stdout="".join(stdout),
        stderr="".join(stderr),
        timed_out=timed_out,
    )
