"""Two runs at once on one workstation: the later one waits a moment, and takes nothing from the other."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provision.fleet.workstation.exchange import ended
from provision.fleet.workstation.replace import Act, replace_lines, replace_values, replaced
from provision.fleet.workstation.scripts import script
from tests.unit.fleet.homes import Home
from tests.unit.fleet.test_replace import NEW, _change, _folders, _record, _replace

MINUTES_AGO = 11 * 60


@contextmanager
def half_done(laptop: Home, sh: list[str], file: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that has staged a file, and waits for the rest of its order."""
    values = replace_values("replace", _folders(laptop.home), "r1")
    process = subprocess.Popen(
        [*sh, "-c", script("replace", values)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"HOME": str(laptop.home), "PATH": os.environ["PATH"]},
    )
    assert process.stdin is not None
    process.stdin.write("\n".join(replace_lines([_change(file, NEW)])[:-1]) + "\n")
    process.stdin.flush()
    end = time.monotonic() + 10
    while not any(one.stat().st_size for one in file.parent.glob(".astraeus.*")):
        assert time.monotonic() < end
        time.sleep(0.02)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("act", ["replace", "putback", "settle"])
def test_the_second_run_is_refused_and_the_first_one_comes_to_its_end(
    laptop: Home, sh: list[str], act: Act
) -> None:
    file = laptop.home / "f"
    with half_done(laptop, sh, file) as first:
        before = laptop.tree()
        values = replace_values(act, _folders(laptop.home), "r2")
        lines = replace_lines([_change(file, b"2")]) if act == "replace" else ()
        at_once = "sleep() { :; }"
        _, wrong = replaced(laptop.run(sh, "replace", values, lines, at_once))
        assert wrong is not None
        assert wrong.problem == "another run is writing to its files"
        assert laptop.tree() == before
        said, _ = first.communicate("go\n", timeout=10)
    assert replaced(ended(said.splitlines())) == ((str(file),), None)
    assert file.read_bytes() == NEW
    assert _replace(laptop, sh, _change(file, b"3"), run="r3")[1] is None
    assert not list(laptop.home.rglob("lock"))


def test_a_run_that_ends_in_a_moment_is_waited_for(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    with half_done(laptop, sh, file) as first:
        threading.Timer(0.5, lambda: first.communicate("go\n", timeout=10)).start()
        values = replace_values("putback", _folders(laptop.home), "r1")
        paths, wrong = replaced(laptop.run(sh, "replace", values))
    assert (paths, wrong) == ((str(file),), None)
    assert laptop.tree() == {}


@pytest.mark.parametrize("since", ["gone", "another's"])
def test_a_run_that_was_killed_is_in_nobody_s_way(laptop: Home, sh: list[str], since: str) -> None:
    """Nor is another program that has its number since."""
    old = since == "another's"
    lock = _record(laptop).parent / "lock"
    lock.parent.mkdir(parents=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    lock.symlink_to(str(os.getpid() if old else gone.pid))
    then = time.time() - MINUTES_AGO
    if old:
        os.utime(lock, (then, then), follow_symlinks=False)
    assert _replace(laptop, sh, _change(laptop.home / "f", b"1"))[1] is None
    assert not lock.is_symlink()
