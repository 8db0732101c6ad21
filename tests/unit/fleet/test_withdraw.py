"""Taking ours out through pyinfra itself: what cannot be read is told, what broke off is done later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.forms import LOCAL
from router.smoke import FACTS
from tests.unit.fleet.runs import SECRET, USERS, Run

pytestmark = pytest.mark.programs


@pytest.fixture
def published(run: Run, tmp_path: Path) -> Run:
    """A later run, with no order, on a laptop that was published to."""
    run.order("m1", settle=True)
    run.look()
    assert getattr(run.phase("publish")[LOCAL], "status", "") == "changed"
    return Run(tmp_path / "a later run", run.laptop, run.url)


def test_a_file_that_cannot_be_read_is_refused_and_left(published: Run) -> None:
    config = published.laptop.home / ".config/opencode/opencode.jsonc"
    config.write_text(f'{{\n  "apiKey": "{SECRET}"\n  "x": 1\n}}')
    before = published.laptop.tree()
    look = published.look()
    assert look.change is None
    assert look.refused.startswith(f"{config}: line 3, column 3")
    assert look.remedy
    told = published.phase("withdraw")[LOCAL]
    assert getattr(told, "status", "") == "failed"
    assert published.laptop.tree() == before
    assert SECRET not in published.said


def test_what_broke_off_is_finished_by_the_next_run(
    published: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = published.laptop.home / ".config/opencode/opencode.jsonc"
    state = published.laptop.home / ".local/state/astraeus-provision"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rmdir").write_text("#!/bin/sh\nkill -9 $PPID\n")
    (tools / "rmdir").chmod(0o755)
    published.look()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        assert "before its end" in getattr(published.phase("withdraw")[LOCAL], "problem", "")
    assert config.read_text() == USERS
    later = Run(tmp_path / "the last run", published.laptop, published.url)
    change = later.look().change
    assert change is not None
    assert change.files == (f"{state}/router.json",)
    assert getattr(later.phase("withdraw")[LOCAL], "status", "") == "changed"
    assert not state.exists()


def test_without_the_ledger_files_of_ours_are_not_nothing(published: Run) -> None:
    home = published.laptop.home
    (home / ".local/state/astraeus-provision/router.json").unlink()
    facts = home / ".local/share/astraeus-provision" / FACTS
    facts.parent.mkdir(parents=True)
    facts.write_text("ours\n")
    before = published.laptop.tree()
    assert "router.json is gone" in published.look().refused
    assert getattr(published.phase("withdraw")[LOCAL], "status", "") == "failed"
    assert published.laptop.tree() == before
