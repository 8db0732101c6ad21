"""`router uninstall`: who could not be read or finished is a failure, never "nothing of ours"."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.facts import Unreached
from provision.fleet.workstation.shapes import Change, Look, Withdrawn
from provision.operation import Goal
from provision.report import Report
from provision.sitefile import Described
from provision.survey import Survey
from provision.withdrawing import withdraw
from tests.unit.provision.bed import LOOK, SITE
from tests.unit.provision.stage import Calls, Person, operation, replace, texts

GOING = LOOK.model_copy(update={"change": Change(files=("/home/dev/x",), diff="- /home/dev/x\n")})
NOTHING = LOOK.model_copy(update={"change": Change()})
BROKEN = LOOK.model_copy(
    update={"change": None, "refused": "/home/dev/opencode.json: line 3", "remedy": "mend that place"}
)


class Uninstall:
    """One run against a look, and what it did."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, look: Look | Unreached) -> None:
        looks = {"laptop": look} if isinstance(look, Look) else {}
        gone = {"laptop": look} if isinstance(look, Unreached) else {}
        replace(patch, "provision.withdrawing.survey", Survey(workstations=looks, unreachable=gone))
        self.folder = folder
        self.withdraw = replace(patch, "provision.withdrawing.workstations.withdraw", {})
        self.person = Person()
        self.keep = Calls(None)

    def ends(self, outcome: Withdrawn | None = None, goal: Goal = Goal.APPLY) -> Report:
        if outcome is not None:
            self.withdraw.answers = [{"laptop": outcome}]
        self.run = operation(self.folder, goal, person=self.person, limit=frozenset({"laptop"}))
        described = Described(site=SITE, origin="site.yml")
        return withdraw(self.run, described, self.keep)


def test_what_is_ours_goes_and_the_site_may_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Uninstall(tmp_path, monkeypatch, GOING)
    report = one.ends(
        Withdrawn(machine="laptop", status="changed", files=("/home/dev/x",), left=("OpenCode",))
    )
    assert (report.exit_code, len(one.keep.calls)) == (0, 1)
    assert texts(one.run, "laptop", "changed") == ["/home/dev/x"]
    assert texts(one.run, "laptop", "left") == ["OpenCode"]


def test_where_nothing_is_ours_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Uninstall(tmp_path, monkeypatch, NOTHING)
    assert one.ends().exit_code == 0
    assert "nothing of ours" in one.person.shown[0]
    assert (one.withdraw.calls, len(one.keep.calls)) == ([], 1)


@pytest.mark.parametrize("goal", [Goal.APPLY, Goal.DRY_RUN])
def test_a_file_that_cannot_be_given_back_is_a_failure_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goal: Goal
) -> None:
    one = Uninstall(tmp_path, monkeypatch, BROKEN)
    report = one.ends(goal=goal)
    assert report.exit_code == 6
    (failure,) = report.failures
    assert failure.problem == "laptop: /home/dev/opencode.json: line 3"
    assert failure.remedy == f"mend that place; then: {one.run.command}"
    assert "nothing of ours" not in one.person.shown[0]
    assert "/home/dev/opencode.json: line 3" in one.person.shown[0]
    assert (one.withdraw.calls, one.keep.calls) == ([], [])


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (Unreached(kind="silent", reason="no route to host"), "no route to host"),
        (Look(problem="it has no home folder"), "it has no home folder"),
    ],
)
def test_who_was_not_seen_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Look | Unreached, said: str
) -> None:
    one = Uninstall(tmp_path, monkeypatch, look)
    report = one.ends()
    assert (report.exit_code, one.keep.calls) == (6, [])
    assert report.failures[0].problem == f"laptop: {said}"
    assert "nothing of ours" not in one.person.shown[0]


def test_what_could_not_be_finished_is_told_with_its_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Uninstall(tmp_path, monkeypatch, GOING)
    failed = Withdrawn(machine="laptop", status="failed", problem="p", evidence="seen", remedy="do r")
    report = one.ends(failed)
    assert (report.exit_code, one.keep.calls) == (6, [])
    (failure,) = report.failures
    assert (failure.problem, failure.evidence) == ("laptop: p", "seen")
    assert failure.remedy == f"do r; then: {one.run.command}"
