"""Publish and confirm: only what is needed; what is not confirmed is put back; who is left out is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provision.errors import PublishError
from provision.fleet.workstation.shapes import Answer, Confirmed, Look, OpenCode, Published, PutBack
from provision.operation import Goal
from provision.plan import Skipped
from provision.publishing import publish_and_confirm, say_unfinished
from provision.report import Failure
from tests.unit.provision.bed import BARE, LOOK, changed_look, converged
from tests.unit.provision.stage import Calls, operation, plan, replace, texts

URL = "http://gpu.local:11434/v1"
REACHED = LOOK.model_copy(update={"reach": {URL: "200"}})
ANSWER = Answer(model="ollama/m", how="session", text=" ready ", seconds=2.5)
WROTE = Published(
    machine="laptop", status="changed", files=("/home/dev/opencode.json",), left_to_do=("log in anew",)
)
CONFIRMED = Confirmed(machine="laptop", status="ok", answers=(ANSWER,))
REFUSED = Confirmed(machine="laptop", status="failed", problem="OpenCode said nothing", remedy="look there")


class Engine:
    """The phases of pyinfra, with what each will answer."""

    def __init__(self, patch: pytest.MonkeyPatch, **answers: Any) -> None:
        for phase in ("publish", "confirm", "put_back"):
            given = (
                {"laptop": answers[phase]}
                if phase in answers
                else AssertionError(f"{phase} was not expected")
            )
            setattr(self, phase, replace(patch, f"provision.engines.workstations.{phase}", given))

    publish: Calls
    confirm: Calls
    put_back: Calls


def go(folder: Path, goal: Goal, look: Look, host: Any = None) -> tuple[Any, tuple[Failure, ...]]:
    run = operation(folder, goal)
    return run, publish_and_confirm(run, plan(host or converged(), look), {"laptop": look})


def test_a_changed_workstation_is_written_and_then_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opencode = OpenCode(path="/home/dev/.local/bin/opencode", version="1", ours=True)
    wrote = WROTE.model_copy(update={"installed": True, "opencode": opencode})
    engine = Engine(monkeypatch, publish=wrote, confirm=CONFIRMED)
    run, failures = go(tmp_path, Goal.APPLY, changed_look())
    assert failures == ()
    assert texts(run, "laptop", "changed") == [
        "installed OpenCode 1 at /home/dev/.local/bin/opencode",
        "wrote /home/dev/opencode.json",
    ]
    assert texts(run, "laptop", "proven") == ["OpenCode answered with ollama/m in 2.5 s: 'ready'"]
    assert texts(run, "laptop", "left") == ["log in anew"]
    assert '"session": true' in (run.run.root / "router" / "laptop.json").read_text()
    assert len(engine.publish.calls) == 1


def test_an_unchanged_one_is_confirmed_by_the_look_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Engine(monkeypatch)
    run, failures = go(tmp_path, Goal.APPLY, REACHED)
    assert failures == ()
    assert URL in texts(run, "laptop", "proven")[0]


def test_an_unchanged_one_that_reaches_nothing_is_asked_but_never_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Engine(monkeypatch, confirm=REFUSED)
    look = LOOK.model_copy(update={"reach": {URL: "timed out"}})
    run, failures = go(tmp_path, Goal.APPLY, look)
    assert failures[0].problem == "laptop: OpenCode said nothing"
    assert '"session": false' in (run.run.root / "router" / "laptop.json").read_text()


@pytest.mark.parametrize("host", [None, BARE])
def test_what_an_interrupted_run_left_needs_a_session_and_is_put_back_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: Any
) -> None:
    left = REACHED.model_copy(update={"unconfirmed_run": "2026-lan-x"})
    Engine(monkeypatch, confirm=CONFIRMED)
    run, failures = go(tmp_path, Goal.APPLY, left, host)
    assert failures == ()
    assert "OpenCode answered" in texts(run, "laptop", "proven")[0]
    asked = json.loads((run.run.root / "router" / "laptop.json").read_text())["confirm"]
    assert (asked["session"], asked["settle"]) == (True, True)
    engine = Engine(monkeypatch, confirm=REFUSED, put_back=PutBack(machine="laptop", status="ok"))
    _, failures = go(tmp_path, Goal.APPLY, left, host)
    assert failures[0].changed == "None of its files had to be put back."
    assert len(engine.put_back.calls) == 1


def test_what_is_not_confirmed_is_put_back_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back = PutBack(machine="laptop", status="changed", files=WROTE.files)
    wrote = WROTE.model_copy(update={"plugin": "/p", "started": True})
    engine = Engine(monkeypatch, publish=wrote, confirm=REFUSED, put_back=back)
    run, failures = go(tmp_path, Goal.APPLY, changed_look())
    assert failures == (
        Failure(
            problem="laptop: OpenCode said nothing",
            changed="Its files were put back as they were.",
            remedy="look there",
        ),
    )
    assert len(engine.put_back.calls) == 1
    assert texts(run, "laptop", "changed") == ["installed the plugin at /p"]
    broken = PutBack(machine="laptop", status="failed", problem="disk full", remedy="free it")
    Engine(monkeypatch, publish=WROTE, confirm=REFUSED, put_back=broken)
    run, failures = go(tmp_path / "again", Goal.APPLY, changed_look())
    assert "could NOT be put back: disk full. free it" in failures[0].changed
    assert texts(run, "laptop", "changed") == ["wrote /home/dev/opencode.json"]


def test_files_that_are_back_without_the_router_are_not_called_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = PutBack(
        machine="laptop", status="failed", files=WROTE.files, problem="no manager", remedy="log in"
    )
    Engine(monkeypatch, publish=WROTE, confirm=REFUSED, put_back=back)
    run, failures = go(tmp_path, Goal.APPLY, changed_look())
    assert failures[0].changed == "Its files were put back as they were, but no manager: log in"
    assert texts(run, "laptop", "changed") == []


def test_what_a_failed_publish_installed_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Published(machine="laptop", status="failed", problem="disk full", plugin="/p")
    Engine(monkeypatch, publish=failed)
    run, _ = go(tmp_path, Goal.APPLY, changed_look())
    assert texts(run, "laptop", "changed") == ["installed the plugin at /p"]


def test_one_that_could_not_be_written_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Engine(monkeypatch, publish=Published(machine="laptop", status="failed", problem="disk full"))
    run, failures = go(tmp_path, Goal.APPLY, changed_look())
    assert failures[0].problem == "laptop: disk full"
    assert texts(run, "laptop", "changed") == []


def test_what_was_written_before_ctrl_c_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, "provision.engines.workstations.publish", KeyboardInterrupt())
    run = operation(tmp_path)
    told = run.run.root / "workstations" / "publish.jsonl"
    told.parent.mkdir()
    told.write_text(WROTE.model_dump_json() + "\n")
    with pytest.raises(KeyboardInterrupt):
        publish_and_confirm(run, plan(converged(), changed_look()), {})
    assert texts(run, "laptop", "changed") == ["wrote /home/dev/opencode.json"]


def test_a_dry_run_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Engine(monkeypatch)
    run, failures = go(tmp_path, Goal.DRY_RUN, changed_look())
    assert failures == ()
    assert texts(run, "laptop", "changed") == ["write /home/dev/opencode.json"]


def test_verify_writes_nothing_asks_afresh_and_names_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Engine(monkeypatch)
    _, failures = go(tmp_path, Goal.VERIFY, changed_look())
    assert "not as the site describes it" in failures[0].problem
    assert "--limit laptop" in failures[0].remedy
    Engine(monkeypatch, confirm=REFUSED)
    run, failures = go(tmp_path, Goal.VERIFY, REACHED)
    assert failures[0].problem == "laptop: OpenCode said nothing"
    asked = json.loads((run.run.root / "router" / "laptop.json").read_text())["confirm"]
    assert (asked["session"], asked["settle"]) == (True, False)


@pytest.mark.parametrize(("goal", "verb"), [(Goal.APPLY, "lan"), (Goal.VERIFY, "verify")])
def test_who_was_left_out_is_named_with_the_finishing_command(tmp_path: Path, goal: Goal, verb: str) -> None:
    run = operation(tmp_path, goal)
    asleep = plan(converged(), skipped={"laptop": Skipped(reason="it does not answer", remedy="wake it")})
    with pytest.raises(PublishError) as caught:
        say_unfinished(run, asleep, ())
    assert caught.value.parts[0].problem == "laptop: it does not answer; it keeps its old file"
    (part,) = caught.value.parts
    assert f"astraeus-provision {verb} --limit laptop" in part.remedy
    assert f"astraeus-provision {verb} --limit laptop" in texts(run, "laptop", "left")[0]


def test_all_that_failed_is_one_error_and_a_dry_run_raises_none(tmp_path: Path) -> None:
    failures = (Failure(problem="a: x"), Failure(problem="b: y", remedy="z"))
    with pytest.raises(PublishError) as caught:
        say_unfinished(operation(tmp_path), plan(converged()), failures)
    assert [(part.problem, part.remedy) for part in caught.value.parts] == [("a: x", ""), ("b: y", "z")]
    say_unfinished(operation(tmp_path), plan(converged()), ())
    asleep = plan(converged(), skipped={"laptop": Skipped(reason="asleep", remedy="wake it")})
    say_unfinished(operation(tmp_path, Goal.DRY_RUN), asleep, ())
