"""Files are replaced all or none, by rename, and can be put back byte for byte."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from provision.fleet.workstation.reading import Folders, FoundFile, read_look
from provision.fleet.workstation.replace import NO_RECORD, Fault, replace_lines, replace_values, replaced
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.sharedfile import FileChange
from tests.unit.fleet.homes import LOOK_VALUES, Home

NEW = '{"a": "ü\\n"}\r\n'.encode() + b"x" * 5000


def _folders(home: Path) -> Folders:
    return Folders(str(home), f"{home}/.config", f"{home}/.local/state", "/bin/sh", os.getuid())


def _change(path: Path, new: bytes | None, mode: str = "600") -> FileChange:
    found = FoundFile(str(path))
    if path.is_file():
        old = path.read_bytes()
        oct_mode = f"{stat.S_IMODE(path.stat().st_mode):o}"
        found = FoundFile(str(path), "file", oct_mode, os.getuid(), len(old), sha256(old).hexdigest(), old)
    return FileChange(found, mode, new, f"{path}.astraeus.bak")


def _record(laptop: Home) -> Path:
    return Path(_folders(laptop.home).record)


def _unconfirmed(laptop: Home, sh: list[str]) -> str | None:
    """Say what a look at the workstation sees."""
    return read_look(laptop.run(sh, "look", LOOK_VALUES)).unconfirmed_run


def _replace(
    laptop: Home, sh: list[str], *changes: FileChange, run: str = "r1"
) -> tuple[tuple[str, ...], Fault | None]:
    values = replace_values("replace", _folders(laptop.home), run)
    return replaced(laptop.run(sh, "replace", values, replace_lines(changes)))


def _put_back(laptop: Home, sh: list[str], run: str = "r1") -> tuple[tuple[str, ...], Fault | None]:
    return replaced(laptop.run(sh, "replace", replace_values("putback", _folders(laptop.home), run)))


def test_new_changed_and_removed_files_come_and_go_together(laptop: Home, sh: list[str]) -> None:
    config = laptop.home / ".config/open code/opencode.json"
    old = laptop.home / ".bashrc"
    gone = laptop.home / "env.sh"
    old.write_text("mine\n")
    old.chmod(0o644)
    os.utime(old, (1_000_000_000, 1_000_000_000))
    gone.write_text("ours\n")
    before = laptop.tree()
    paths, wrong = _replace(
        laptop, sh, _change(config, NEW), _change(old, b"mine\nours\n", "644"), _change(gone, None)
    )
    assert wrong is None
    assert paths == (str(config), str(old), str(gone))
    assert config.read_bytes() == NEW
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(old.stat().st_mode) == 0o644
    assert not gone.exists()
    backup = Path(f"{old}.astraeus.bak")
    assert backup.read_text() == "mine\n"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    paths, wrong = _put_back(laptop, sh)
    assert wrong is None
    assert len(paths) == 3
    assert laptop.tree() == before
    assert old.stat().st_mtime == 1_000_000_000


def test_only_the_same_run_is_put_back(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    _replace(laptop, sh, _change(file, b"1"), run="r1")
    _, wrong = _put_back(laptop, sh, run="r2")
    assert wrong is not None
    assert "nothing of this run" in wrong.problem
    assert file.read_bytes() == b"1"


def test_what_was_written_is_unconfirmed_until_it_is_settled(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    assert _unconfirmed(laptop, sh) is None
    _replace(laptop, sh, _change(file, b"1"))
    assert _unconfirmed(laptop, sh) == "r1"
    before = laptop.tree()
    _, wrong = replaced(laptop.run(sh, "replace", replace_values("settle", _folders(laptop.home), "r9")))
    assert wrong is None
    assert _unconfirmed(laptop, sh) is None
    del before[str(_record(laptop).relative_to(laptop.home))]
    assert laptop.tree() == before
    _, wrong = _put_back(laptop, sh)
    assert wrong is not None
    assert wrong.code == NO_RECORD


def test_what_is_settled_needs_no_copies_in_our_folder(laptop: Home, sh: list[str]) -> None:
    shared, whole = laptop.home / "shared", laptop.home / "whole"
    copy = _record(laptop).with_name("whole.0")
    for file in (shared, whole):
        file.write_text("old")
    _replace(laptop, sh, _change(shared, b"1"), replace(_change(whole, b"1"), backup=str(copy)))
    assert copy.read_text() == "old"
    settle = replace_values("settle", _folders(laptop.home), "r1")
    assert laptop.run(sh, "replace", settle) == laptop.run(sh, "replace", settle) == []
    assert not copy.exists()
    assert Path(f"{shared}.astraeus.bak").read_text() == "old", "the user may want it"


def test_what_is_put_back_to_an_unconfirmed_file_stays_unconfirmed(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    _replace(laptop, sh, _change(file, b"1"), run="r1")
    _replace(laptop, sh, _change(file, b"2"), run="r2")
    assert _unconfirmed(laptop, sh) == "r2"
    _, wrong = _put_back(laptop, sh, run="r2")
    assert wrong is None
    assert file.read_bytes() == b"1"
    assert _unconfirmed(laptop, sh) == "-"
    _, wrong = _put_back(laptop, sh, run="r1")
    assert wrong is not None


def test_an_earlier_run_that_is_named_is_put_back(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    _replace(laptop, sh, _change(file, b"1"), run="r1")
    values = replace_values("putback", _folders(laptop.home), "r2", "r1")
    _, wrong = replaced(laptop.run(sh, "replace", values))
    assert wrong is None
    assert laptop.tree() == {}


def test_what_the_user_changed_meanwhile_is_never_overwritten(laptop: Home, sh: list[str]) -> None:
    file, other = laptop.home / "f", laptop.home / "g"
    file.write_text("old")
    change = _change(file, b"new")
    file.write_text("the user's")
    before = laptop.tree()
    _, wrong = _replace(laptop, sh, _change(other, b"x"), change)
    assert wrong is not None
    assert str(file) in wrong.problem
    assert laptop.tree() == before


def test_what_the_user_changed_after_the_publish_is_not_put_back_over(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    file.write_text("old")
    _replace(laptop, sh, _change(file, b"new"))
    file.write_text("the user's")
    _, wrong = _put_back(laptop, sh)
    assert wrong is not None
    assert file.read_text() == "the user's"


@pytest.mark.parametrize("make", ["link", "folder"])
def test_a_link_or_folder_in_the_place_is_refused(laptop: Home, sh: list[str], make: str) -> None:
    file = laptop.home / "f"
    if make == "link":
        (laptop.home / "real").write_text("real")
        file.symlink_to("real")
    else:
        file.mkdir()
    before = laptop.tree()
    _, wrong = _replace(laptop, sh, _change(file, b"new"))
    assert wrong is not None
    assert ("symbolic link" if make == "link" else "no plain file") in wrong.problem
    assert laptop.tree() == before


def test_an_order_cut_short_changes_nothing(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "deep/f"
    lines = replace_lines([_change(file, NEW)])
    for cut in (lines[:-1], lines[:3], [*lines[:6], lines[6][:100], "go"]):
        values = replace_values("replace", _folders(laptop.home), "r1")
        _, wrong = replaced(laptop.run(sh, "replace", values, cut))
        assert wrong is not None
        assert laptop.tree() == {}


def test_a_write_that_fails_leaves_the_old_file_and_no_piece_of_the_new(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / "f"
    file.write_text("old")
    values = replace_values("replace", _folders(laptop.home), "r1")
    # A limit on file sizes fails in the middle of the write, as a full disk does, and needs no root.
    lines = laptop.run(
        sh, "replace", values, replace_lines([_change(file, os.urandom(90_000))]), before="ulimit -f 16"
    )
    _, wrong = replaced(lines)
    assert wrong is not None
    assert "is not what was sent" in wrong.evidence
    assert laptop.tree() == {"f": f"{file.lstat().st_mode:o} {b'old'.hex()}"}


# As on a full disk, the shell's own writes end with an error here.
FULL = "trap '' XFSZ; ulimit -f 16"


def test_without_room_for_the_record_no_file_is_replaced(laptop: Home, sh: list[str]) -> None:
    deep = laptop.home / "/".join(["a" * 200] * 3)
    deep.mkdir(parents=True)
    files = [deep / str(number) for number in range(30)]
    for file in files:
        file.write_text("old")
    before = laptop.tree()
    lines = replace_lines([_change(file, b"new") for file in files])
    values = replace_values("replace", _folders(laptop.home), "r1")
    _, wrong = replaced(laptop.run(sh, "replace", values, lines, before=FULL))
    assert wrong is not None
    assert wrong.evidence
    assert laptop.tree() == before


def test_a_backup_that_fails_takes_the_others_with_it(laptop: Home, sh: list[str]) -> None:
    small, known, large = (laptop.home / name for name in ("small", "known", "large"))
    small.write_text("old")
    known.write_text("old")
    Path(f"{known}.astraeus.bak").write_text("a run that was confirmed")
    large.write_bytes(os.urandom(90_000))
    lines = replace_lines([_change(file, b"new") for file in (small, known, large)])
    values = replace_values("replace", _folders(laptop.home), "r1")
    _, wrong = replaced(laptop.run(sh, "replace", values, lines, before=FULL))
    assert wrong is not None
    assert "large.astraeus.bak" in wrong.evidence
    assert set(laptop.tree()) == {"small", "known", "known.astraeus.bak", "large"}
    assert small.read_text() == known.read_text() == "old"


def test_a_folder_that_may_not_be_written_is_said(laptop: Home, sh: list[str]) -> None:
    (laptop.home / "d").write_text("a file where a folder should be")
    _, wrong = _replace(laptop, sh, _change(laptop.home / "d/sub/f", b"new"))
    assert wrong is not None
    assert wrong.evidence
    assert set(laptop.tree()) == {"d"}


def test_a_folder_that_bars_its_file_keeps_no_other_from_being_put_back(laptop: Home, sh: list[str]) -> None:
    first, barred, last = (laptop.home / name for name in ("a", "barred", "z"))
    for file in (first, barred, last):
        file.write_text("old")
    before = laptop.tree()
    lines = replace_lines([_change(first, b"new"), _change(barred, None), _change(last, None)])
    values = replace_values("replace", _folders(laptop.home), "r1")
    denied = '{ case "$*" in */barred) echo denied; return 1 ;; esac; command %s "$@"; }'
    before_it = "".join(f"{name}() {denied % name}\n" for name in ("rm", "mv"))
    _, wrong = replaced(laptop.run(sh, "replace", values, lines, before=before_it))
    assert wrong is not None
    assert str(barred) in wrong.evidence
    assert laptop.tree() == before


def test_an_interrupted_script_leaves_nothing_half_written(laptop: Home, sh: list[str]) -> None:
    file = laptop.home / ".config/f"
    values = replace_values("replace", _folders(laptop.home), "r1")
    process = subprocess.Popen(
        [*sh, "-c", script("replace", values)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"HOME": str(laptop.home), "PATH": os.environ["PATH"]},
    )
    if process.stdin is None:
        pytest.fail("no stdin")
    process.stdin.write(
        "\n".join(replace_lines([_change(file, NEW), _change(laptop.home / "g", NEW)])[:9]) + "\n"
    )
    process.stdin.flush()
    while not any(laptop.home.rglob(".astraeus.*")):
        if process.poll() is not None:
            pytest.fail("it ended by itself")
    process.send_signal(signal.SIGTERM)
    process.stdin.close()
    process.wait(timeout=10)
    assert laptop.tree() == {}


def test_what_a_killed_run_left_is_swept(laptop: Home, sh: list[str]) -> None:
    stray = laptop.home / ".astraeus.AbCdEf"
    stray.write_text("half")
    _replace(laptop, sh, _change(laptop.home / "f", b"new"))
    assert not stray.exists()
