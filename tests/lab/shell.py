"""How the lab runs other programs, and how it fails: one error type, with evidence and a remedy."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.layout import ENTER

STARTED = time.monotonic()
HEARTBEAT_S = 20.0
_print_lock = threading.Lock()


class LabError(Exception):
    """The lab cannot go on; the text says what happened and what to do."""


def say(text: str) -> None:
    """One line of progress, with the seconds since the command began."""
    with _print_lock:
        print(f"lab [{time.monotonic() - STARTED:5.1f} s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(title: str, usually: str = "") -> Iterator[None]:
    """Announce a step and say how long it took."""
    say(title + (f" (usually {usually})" if usually else "") + " ...")
    began = time.monotonic()
    yield
    say(f"{title}: done in {time.monotonic() - began:.1f} s")


def tail(text: str, lines: int = 20) -> str:
    """The end of a log, indented as evidence."""
    return "\n".join(f"    | {line}" for line in text.strip().splitlines()[-lines:])


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | bytes = b"",
    check: bool = True,
    timeout_s: float = 600,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a short command and keep what it says."""
    words = [str(word) for word in argv]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        done = subprocess.run(
            words,
            input=data,
            capture_output=True,
            check=False,
            timeout=timeout_s,
            env={**os.environ, **(env or {})},
        )
    except FileNotFoundError as error:
        raise LabError(f"{words[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"`{' '.join(words)}` did not end within {timeout_s:.0f} s") from error
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if check and done.returncode != 0:
        shown = " ".join(words if len(words) < 40 else [*words[:40], "..."])
        raise LabError(f"`{shown}` ended with {done.returncode}\n{tail(err or out)}")
    return subprocess.CompletedProcess(words, done.returncode, out, err)


def run_logged(
    argv: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run a long command at low priority into a log, and say its latest line now and then."""
    words = ["nice", *(str(word) for word in argv)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        told = ""
        try:
            while True:
                try:
                    code = process.wait(timeout=HEARTBEAT_S)
                    break
                except subprocess.TimeoutExpired:
                    latest = log.read_text(errors="replace").strip().rpartition("\n")[2]
                    say(f"    {log.stem}: " + (latest[:100] if latest != told else "still at it"))
                    told = latest
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        raise LabError(
            f"`{' '.join(words[1:4])} ...` ended with {code}\n{tail(log.read_text(errors='replace'))}\n"
            f"-> the whole log: {log}"
        )


def podman(
    *words: str | Path, stdin: str | bytes = b"", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run podman inside the lab, from wherever we are."""
    return run([ENTER, "podman", *words], stdin=stdin, check=check)


def until(holds: Callable[[], bool], what: str, timeout_s: float = 60, every_s: float = 0.1) -> None:
    """Poll a condition up to a deadline."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not so after {timeout_s:.0f} s")
        time.sleep(every_s)
