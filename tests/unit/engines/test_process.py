"""Running a program: what is kept of it, and that nothing of it outlives a Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provision.engines import process
from provision.engines.process import command_text, run
from provision.errors import EngineError

PARENT = """
import sys
from provision.engines.process import run
try:
    run(['sh', '-c', sys.argv[1]], log=lambda _: None)
except KeyboardInterrupt:
    sys.exit(130)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What heeds no signal is killed after a shorter grace."""
    monkeypatch.setattr(process, "GRACE_S", 0.5)


def test_output_and_status_are_kept_and_the_exact_command_line_is_logged(tmp_path: Path) -> None:
    lines: list[str] = []
    told: list[str] = []
    done = run(
        ["sh", "-c", "echo out $WHO; echo err >&2; cat; exit 3"],
        log=lines.append,
        env={"WHO": "ada l"},
        hidden_env={"TOKEN": "s3cret"},
        cwd=tmp_path,
        stdin="in\n",
        on_stdout=told.append,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "out ada l\nin\n", "err\n")
    assert told == ["out ada l", "in"]
    assert "s3cret" not in lines[0]
    again = subprocess.run(["sh", "-c", lines[0]], input="in\n", capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (3, "out ada l\nin\n")


def test_the_evidence_is_its_last_twenty_lines() -> None:
    done = run([sys.executable, "-c", "print(*range(50), sep='\\n')"], log=lambda _: None)
    assert done.evidence.splitlines() == [str(number) for number in range(30, 50)]


def test_a_program_that_is_not_there_is_an_error_with_a_remedy() -> None:
    with pytest.raises(EngineError, match="could not be started") as caught:
        run(["/nowhere/pyinfra"], log=lambda _: None)
    assert "install" in caught.value.remedy


@pytest.mark.usefixtures("impatient")
def test_a_program_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    # A child that leaves the session and ignores being asked, as Ansible's workers can
    child = f"trap '' INT TERM; echo $$ > {shlex.quote(str(pid_file))}; while :; do sleep 0.1; done"
    done = run(["sh", "-c", f"setsid sh -c {shlex.quote(child)} & wait"], log=lambda _: None, timeout_s=1)
    assert done.timed_out
    wait_until(lambda: not alive(int(pid_file.read_text())))


def test_ctrl_c_reaches_the_program_once_and_leaves_nothing(tmp_path: Path) -> None:
    pid_file, said = tmp_path / "pid", tmp_path / "said"
    # It lives on for a moment, long enough to be hit a second time
    child = (
        f"n=0; trap 'echo INT >> {said}; n=1' INT; echo $$ > {pid_file}; "
        "while [ $n = 0 ]; do sleep 0.05; done; sleep 0.5"
    )
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PARENT,
            child,
        ],
        start_new_session=True,
    )
    wait_until(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.wait(20) == 130
    assert said.read_text() == "INT\n"
    assert not alive(int(pid_file.read_text()))


def test_ctrl_c_while_a_program_starts_ends_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def broken_off_at_once(*words: Any, **more: Any) -> subprocess.Popen[str]:
        process = real(*words, **more)
        if more.get("start_new_session"):
            started.append(process)
            os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", broken_off_at_once)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "60"], log=lambda _: None)
    assert started[0].poll() is not None


def test_what_a_program_left_is_asked_to_end_so_that_it_clears_up(tmp_path: Path) -> None:
    scratch, ready = tmp_path / "scratch", tmp_path / "ready"
    scratch.mkdir()
    late = tmp_path / "late"
    # It minds being asked only when its own child ended, which starts after the program was stopped
    child = (
        f"trap 'exit 129' TERM; trap 'rm -r {scratch}' EXIT; echo > {ready}; "
        f"while ! [ -e {late} ]; do sleep 0.05; done; (echo > {late}r; sleep 60; :); :"
    )
    program = (
        "import pathlib, subprocess, sys, time\n"
        f"subprocess.Popen(['sh', '-c', {child!r}])\n"
        "try: time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        f"    pathlib.Path({str(late)!r}).touch()\n"
        f"    while not pathlib.Path('{late}r').exists(): time.sleep(0.02)\n"
        "    sys.exit(1)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "exec " + shlex.join([sys.executable, "-c", program])],
        start_new_session=True,
    )
    wait_until(ready.exists)
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.wait(20) == 130
    assert not scratch.exists()


def test_a_command_line_can_be_pasted() -> None:
    assert command_text(["a", "b c"], {"X": "1 2"}) == "env 'X=1 2' a 'b c'"


@pytest.mark.usefixtures("impatient")
def test_what_a_program_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    begun = time.monotonic()
    script = f"sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' & echo $! > {note}; echo done"
    done = run(["sh", "-c", script], log=lambda _: None)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert not alive(int(note.read_text()))
    assert time.monotonic() - begun < 10


def test_last_words_cannot_steer_a_terminal() -> None:
    done = run(["printf", "a\\033[31mb\\nc"], log=lambda _: None)
    assert done.evidence == "a?[31mb\nc"
