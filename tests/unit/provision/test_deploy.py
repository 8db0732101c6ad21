"""The story's order, its gates and its endings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provision.deploy import deploy
from provision.errors import ConvergeError, PreflightError, ProofError, ProvisionError, PublishError
from provision.fitting import fits, fitted
from provision.looking import Seen
from provision.operation import Goal
from provision.paths import remembered_site
from provision.sitefile import Described
from provision.survey import Survey
from tests.unit.provision.bed import BARE, CATALOGUE, LOOK, SITE, changed_look, converged
from tests.unit.provision.stage import Calls, Person, operation, replace

DESCRIBED = Described(site=SITE, origin="flags only", notes=("a note",))
STEPS = ("converge", "look_again", "prove_hosts", "publish_and_confirm", "say_unfinished")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Story:
    """Every step replaced; each may fail."""

    def __init__(
        self, patch: pytest.MonkeyPatch, host: Any = BARE, station: Any = None, **faults: BaseException
    ) -> None:
        found = fits(SITE, CATALOGUE, {"gpu.local": host})
        seen = Seen(
            site=fitted(SITE, found),
            fits=found,
            survey=Survey(hosts={"gpu.local": host}, workstations={"laptop": station or changed_look()}),
            sudo_passwords={},
            skipped={},
        )
        replace(patch, "provision.deploy.look", faults.get("look", seen))
        answers = {"look_again": {"gpu.local": host}, "publish_and_confirm": ()}
        self.steps: dict[str, Calls] = {
            step: replace(patch, f"provision.deploy.{step}", faults.get(step, answers.get(step)))
            for step in STEPS
        }

    @property
    def taken(self) -> list[str]:
        return [step for step in STEPS if self.steps[step].calls]


def test_a_run_goes_the_whole_way_and_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(monkeypatch)
    run = operation(tmp_path)
    report = deploy(run, DESCRIBED)
    assert (report.ok, report.exit_code, report.notes) == (True, 0, ("a note",))
    assert story.taken == list(STEPS)
    assert remembered_site().exists()
    assert json.loads((run.run.root / "report.json").read_text())["ok"]
    assert json.loads((run.run.root / "plan.json").read_text())["hosts"][0]["name"] == "gpu.local"
    assert [machine.machine for machine in report.machines] == ["gpu.local", "laptop"]


def test_a_dry_run_stops_before_the_gate_and_verify_does_not_converge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(monkeypatch)
    deploy(operation(tmp_path, Goal.DRY_RUN), DESCRIBED)
    assert story.taken == ["converge", "publish_and_confirm", "say_unfinished"]
    story = Story(monkeypatch)
    deploy(operation(tmp_path, Goal.VERIFY), DESCRIBED)
    assert story.taken == ["prove_hosts", "publish_and_confirm", "say_unfinished"]
    assert not remembered_site().exists()


ENDINGS: dict[str, tuple[str, BaseException, int, list[str]]] = {
    "not ready": ("look", PreflightError([ProvisionError("a: x"), ProvisionError("b: y")]), 3, []),
    "converge": ("converge", ConvergeError("a: x"), 4, ["converge"]),
    "proof": ("prove_hosts", ProofError("a: x"), 5, ["converge", "look_again", "prove_hosts"]),
    "publish": ("say_unfinished", PublishError([ProvisionError("a: x")]), 6, list(STEPS)),
    "fault": ("converge", KeyError("x"), 7, ["converge"]),
    "ctrl-c": ("converge", KeyboardInterrupt(), 130, ["converge"]),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_is_a_report_with_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    step, fault, code, taken = ENDINGS[ending]
    story = Story(monkeypatch, **{step: fault})
    report = deploy(operation(tmp_path), DESCRIBED)
    assert (report.ok, report.exit_code) == (False, code)
    assert story.taken == taken
    assert report.failures
    assert remembered_site().exists() == (ending == "publish")


def test_ctrl_c_says_what_was_done_and_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Story(monkeypatch, prove_hosts=KeyboardInterrupt())
    run = operation(tmp_path)
    run.outcomes.add("converge", "gpu.local", "changed", "unit")
    (failure,) = deploy(run, DESCRIBED).failures
    assert "gpu.local (1 change)" in failure.changed
    assert run.command in failure.remedy


def test_a_person_is_asked_once_about_the_plan_and_may_say_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(monkeypatch)
    no = Person("n")
    report = deploy(operation(tmp_path, yes=False, person=no), DESCRIBED)
    assert (report.exit_code, story.taken) == (130, [])
    assert "Nothing was changed" in report.failures[0].problem
    assert "Plan (workstations: laptop)" in no.shown[0]
    yes = Person("y")
    assert deploy(operation(tmp_path, yes=False, person=yes), DESCRIBED).ok
    assert len(yes.asked) == 1


@pytest.mark.parametrize("why", ["no changes", "dry run", "yes"])
def test_nobody_is_asked_where_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    same = why == "no changes"
    Story(monkeypatch, host=converged() if same else BARE, station=LOOK if same else None)
    person = Person("n")
    goal = Goal.DRY_RUN if why == "dry run" else Goal.APPLY
    assert deploy(operation(tmp_path, goal, person=person, yes=why == "yes"), DESCRIBED).ok
    assert person.asked == []


def test_a_full_disk_costs_the_kept_report_and_not_the_one_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = operation(tmp_path)

    def full(name: str, _: Any) -> None:
        raise OSError(28, "No space left on device", f"/state/{name}")

    Story(monkeypatch)
    monkeypatch.setattr(run.run, "write", full)
    report = deploy(run, DESCRIBED)
    assert report.exit_code == 7
    assert report.failures[0].problem == "/state/plan.json: No space left on device"
    assert "make room" in report.failures[0].remedy
