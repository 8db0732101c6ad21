"""Putting back: without the record of what this run wrote, nothing may be called unwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provision.fleet.workstation import putback
from provision.fleet.workstation.invoke import outcomes
from provision.fleet.workstation.orders import note_write
from provision.fleet.workstation.shapes import Look, PutBack

NO_RECORD = [("failed", "norecord /r")]


@pytest.fixture
def undo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], PutBack]:
    (tmp_path / "workstations").mkdir()
    monkeypatch.setenv("ASTRAEUS_RUN", str(tmp_path))
    monkeypatch.setattr(putback, "look_at", lambda _host, _order: Look(home="/h"))
    monkeypatch.setattr(putback, "converse", lambda _host, _text: NO_RECORD)

    host: Any = SimpleNamespace(data=SimpleNamespace(machine="laptop"))
    state: Any = None

    def undone() -> PutBack:
        putback.put_back(state, host)
        outcome = outcomes(tmp_path, "putback")["laptop"]
        assert isinstance(outcome, PutBack)
        return outcome

    return undone


def test_without_a_record_nothing_was_written_by_this_run(undo: Callable[[], PutBack]) -> None:
    assert undo().status == "ok"


def test_a_record_that_is_gone_is_a_failure_where_this_run_wrote(undo: Callable[[], PutBack]) -> None:
    note_write("laptop")
    outcome = undo()
    assert outcome.status == "failed"
    assert "what this run wrote stays" in outcome.problem
    assert outcome.remedy
