"""The sh file and the person before it: asked once, on a terminal; and what Ctrl-C leaves."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.fleet.alone import Alone
from tests.unit.fleet.homes import Home, Served

pytestmark = pytest.mark.programs


@pytest.fixture
def ready(tmp_path: Path, laptop: Home, served: Served) -> Alone:
    one = Alone(laptop, tmp_path / "given", served)
    one.has_opencode()
    return one


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 130), ("", 130)])
def test_a_person_is_asked_once(ready: Alone, sh: list[str], answer: str, code: int) -> None:
    before = ready.laptop.tree()
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [*sh, str(ready.file)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=ready.env(),
        timeout=60,
        check=False,
    )
    asked = os.read(ours, 4096).decode()
    os.close(theirs)
    os.close(ours)
    assert done.returncode == code
    assert asked.count("Carry this out? [y/N]") == 1
    assert (ready.laptop.tree() == before) == (code != 0)


def test_what_is_interrupted_is_put_back(ready: Alone, sh: list[str]) -> None:
    assert ready.file
    (ready.folder / "slow").touch()
    running = subprocess.Popen(
        [*sh, str(ready.file), "--yes"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ready.env(),
        start_new_session=True,
    )
    until = time.monotonic() + 30
    while not (ready.folder / "begun").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGTERM)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert "interrupted. Its files were put back as they were." in said
    assert not (ready.laptop.home / ".config/opencode").exists()
    assert not (ready.laptop.home / ".local/state/astraeus-provision").exists()
