"""What went wrong that nobody foresaw: a fault is kept for a report, what a machine lacks is told as that."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from provision.errors import EngineError, ProofError
from provision.faults import as_error
from provision.paths import state_root


def test_an_error_for_a_person_stays_as_it_is(tmp_path: Path) -> None:
    error = ProofError("gpu: no")
    assert as_error(error, tmp_path) is error


def test_a_fault_is_kept_with_its_traceback(tmp_path: Path) -> None:
    told = as_error(ValueError("odd"), tmp_path, "Nothing was changed.")
    (kept,) = tmp_path.iterdir()
    assert "ValueError: odd" in kept.read_text()
    assert told.problem == "a fault in this program: ValueError: odd"
    assert str(kept) in told.remedy
    assert told.changed == "Nothing was changed."


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EACCES, "let this user"), (errno.EMFILE, "ulimit")],
)
def test_what_the_machine_lacks_is_no_fault_of_the_program(tmp_path: Path, number: int, remedy: str) -> None:
    told = as_error(OSError(number, os.strerror(number), "/s/astraeus-provision/x"), tmp_path)
    assert told.problem == f"/s/astraeus-provision/x: {os.strerror(number)}"
    assert remedy in told.remedy
    assert "XDG_STATE_HOME" in told.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_user_without_a_home_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4242424)
    with pytest.raises(EngineError, match="HOME is not set"):
        state_root()
    assert as_error(ValueError("odd")).remedy == "please report it"
