"""The phases through pyinfra itself, on this machine; no verbosity shows the user's file."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from provision.fleet.workstation.invoke import arguments
from provision.fleet.workstation.putback import LOST
from provision.fleet.workstation.shapes import Confirmed, Published
from provision.fleet.workstation.undoing import PUT_BACK
from provision.forms import LOCAL
from tests.unit.fleet.runs import FAKE, SECRET, USERS, Run

pytestmark = pytest.mark.programs


def test_a_workstation_is_looked_at_published_to_confirmed_and_put_back(run: Run) -> None:
    before = run.laptop.tree()
    run.order("m1", "m2")
    look = run.look()
    assert look.problem == ""
    assert look.change is not None
    assert "m2" in look.change.diff
    assert look.equip is not None
    assert look.equip.how == "present"
    assert run.laptop.tree() == before

    run.pyinfra("--dry", *arguments("publish", [LOCAL], local=LOCAL)[1:])
    assert run.laptop.tree() == before

    published = run.phase("publish")[LOCAL]
    assert isinstance(published, Published)
    assert published.status == "changed"
    assert published.files == look.change.files
    text = (run.laptop.home / ".config/opencode/opencode.jsonc").read_text()
    assert "// mine" in text
    assert SECRET in text

    after = run.laptop.tree()
    confirmed = run.phase("confirm")[LOCAL]
    assert isinstance(confirmed, Confirmed)
    assert confirmed.problem == ""
    assert [answer.text for answer in confirmed.answers] == ["ready"]
    again = run.phase("publish")[LOCAL]
    assert isinstance(again, Published)
    assert (again.status, again.files, again.sha256) == ("ok", (), published.sha256)
    assert run.laptop.tree() == after

    back = run.phase("putback")[LOCAL]
    assert getattr(back, "status", "") == "changed", back
    assert run.laptop.tree() == before

    files = [path.read_text() for path in run.root.rglob("*") if path.is_file()]
    for shown in (run.said, *files):
        assert SECRET not in shown
        assert base64.b64encode(USERS.encode()).decode()[:40] not in shown
    assert "Traceback" not in run.said


def test_the_users_own_ollama_stays_and_ours_answers_under_its_other_id(run: Run) -> None:
    own = '"ollama": { "options": { "baseURL": "http://localhost:9/v1" }, "models": { "mine": {} } }'
    config = run.laptop.home / ".config/opencode/opencode.jsonc"
    config.write_text(f'{{ "provider": {{ {own} }} }}')
    binary = run.laptop.home / ".local/bin/opencode"
    binary.write_text(FAKE.replace("ready", "'\"$*\"'"))
    run.order("m1")
    run.look()
    assert getattr(run.phase("publish")[LOCAL], "status", "") == "changed"
    assert own in config.read_text()
    confirmed = run.phase("confirm")[LOCAL]
    assert isinstance(confirmed, Confirmed)
    assert [answer.model for answer in confirmed.answers] == ["ollama-gpu-lan/m1"]
    assert "--model ollama-gpu-lan/m1" in confirmed.answers[0].text


def test_a_publish_without_its_confirmation_is_known_to_the_next_run(run: Run, tmp_path: Path) -> None:
    before = run.laptop.tree()
    run.order("m1")
    assert not run.look().unconfirmed
    run.phase("publish")
    written = run.laptop.tree()

    later = Run(tmp_path / "a later run", run.laptop, run.url)
    later.order("m1")
    look = later.look()
    assert look.change is not None
    assert (look.change.files, look.unconfirmed) == ((), True)
    assert getattr(later.phase("confirm")[LOCAL], "status", "") == "ok"
    assert run.laptop.tree() == written
    assert getattr(later.phase("putback")[LOCAL], "status", "") == "changed"
    assert run.laptop.tree() == before

    again = Run(tmp_path / "the last run", run.laptop, run.url)
    again.order("m1", settle=True)
    again.look()
    again.phase("publish")
    confirmed = again.phase("confirm")[LOCAL]
    assert isinstance(confirmed, Confirmed)
    assert [answer.how for answer in confirmed.answers] == ["session"]
    assert not later.look().unconfirmed
    assert getattr(again.phase("putback")[LOCAL], "problem", "") == LOST


def test_a_broken_file_is_told_and_left(run: Run) -> None:
    config = run.laptop.home / ".config/opencode/opencode.jsonc"
    config.write_text(f'{{\n  "apiKey": "{SECRET}"\n  "x": 1\n}}')
    before = run.laptop.tree()
    run.order("m1")
    look = run.look()
    assert look.config is not None
    assert (look.config.broken or "").startswith("line 3, column 3")
    assert "line 3, column 3" in look.refused
    published = run.phase("publish")[LOCAL]
    assert isinstance(published, Published)
    assert published.status == "failed"
    assert "line 3, column 3" in published.problem
    assert run.laptop.tree() == before
    assert SECRET not in run.said
    assert "Traceback" not in run.said


def test_a_file_that_came_after_the_look_is_not_written_over(run: Run) -> None:
    config = run.laptop.home / ".config/opencode/opencode.json"
    config.with_suffix(".jsonc").unlink()
    run.order("m1")
    assert run.look().untouched
    config.write_text(USERS)
    before = run.laptop.tree()
    published = run.phase("publish")[LOCAL]
    assert isinstance(published, Published)
    assert published.status == "failed"
    assert "was changed by someone else" in published.problem
    assert run.laptop.tree() == before


def test_where_the_look_saw_no_file_none_is_asked_for_until_we_wrote(run: Run) -> None:
    other = run.laptop.home / ".config/opencode/opencode.jsonc"
    other.unlink()
    run.order("m1")
    run.look()
    other.write_text(USERS)
    before = run.laptop.tree()
    published = run.phase("publish")[LOCAL]
    assert isinstance(published, Published)
    assert published.files[0].endswith("opencode.json")
    confirmed = run.phase("confirm")[LOCAL]
    assert isinstance(confirmed, Confirmed)
    assert "not as published" in confirmed.problem
    assert getattr(run.phase("putback")[LOCAL], "status", "") == "changed"
    assert run.laptop.tree() == before


def test_a_second_publish_of_a_run_finds_what_the_first_wrote(run: Run) -> None:
    (run.laptop.home / ".config/opencode/opencode.jsonc").unlink()
    run.order("m1")
    run.look()
    states = [getattr(run.phase("publish")[LOCAL], "status", "") for _ in range(2)]
    assert states == ["changed", "ok"]


def test_a_write_that_broke_off_is_put_back_and_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    once = f"[ -e '{tools}/done' ] || {{ : >'{tools}/done'; kill -9 $PPID; }}"
    (tools / "mv").write_text(f'#!/bin/sh\n/bin/mv "$@"\ncase $* in *opencode.jsonc) {once} ;; esac\n')
    (tools / "mv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    before = run.laptop.tree()
    run.order("m1")
    run.look()
    published = run.phase("publish")[LOCAL]
    assert (tools / "done").exists()
    assert isinstance(published, Published)
    assert "before its end" in published.problem
    assert published.changed == PUT_BACK
    # What it staged and never came to rename is swept by the next write there.
    assert {path: run.laptop.tree()[path] for path in before} == before
