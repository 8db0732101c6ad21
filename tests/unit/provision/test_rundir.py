"""The run's folder: private, whole files only, the latest runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provision import rundir
from provision.errors import EngineError
from provision.rundir import RunDir, write_atomic


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "astraeus-provision"


def test_only_its_owner_reads_it(state: Path) -> None:
    run = RunDir.create("lan")
    run.write("site.json", {"b": 1, "a": 2})
    run.log_command("ssh x")
    run.log_outcome({"k": "v"})
    paths = [run.root, *run.root.rglob("*"), state / "runs"]
    assert {oct(path.stat().st_mode & 0o077) for path in paths} == {"0o0"}
    assert json.loads((run.root / "site.json").read_text()) == {"a": 2, "b": 1}
    assert (run.root / "commands.log").read_text() == "ssh x\n"


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x" / "file"
    write_atomic(target, "old")

    def broken(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="No space") as caught:
        write_atomic(target, "new")
    assert caught.value.filename == str(target)
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_old_runs_are_let_go(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rundir, "KEPT_RUNS", 3)
    made = [RunDir.create(f"v{number}").root for number in range(5)]
    kept = {path.name for path in (state / "runs").iterdir()}
    assert len(kept) == 3
    assert made[-1].name in kept


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "astraeus-provision").write_text("in the way")
    with pytest.raises(EngineError) as caught:
        RunDir.create("lan")
    assert "astraeus-provision/runs" in caught.value.problem
    assert "XDG_STATE_HOME" in caught.value.remedy


def test_a_line_that_finds_no_room_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "commands.log").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space") as caught:
        RunDir(tmp_path).log_command("ssh x")
    assert caught.value.filename == str(tmp_path / "commands.log")


def test_a_name_as_long_as_a_file_may_have_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("a" * 255)
    write_atomic(target, "x")
    assert target.read_text() == "x"
