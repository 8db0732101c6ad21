"""What a publish that broke off says of the files is what it knows: put back, untouched, or in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provision.fleet.workstation import publish, undoing
from provision.fleet.workstation.exchange import Broken
from provision.fleet.workstation.intent import intend
from provision.fleet.workstation.invoke import outcomes
from provision.fleet.workstation.publish import Work
from provision.fleet.workstation.reading import Lines
from provision.fleet.workstation.shapes import EquipPlan, Look, Published
from provision.fleet.workstation.undoing import PUT_BACK, UNTOUCHED
from tests.unit.fleet.test_agents import CONFIG, FOLDERS, HOME, found, wanted

LOOK = Look(os="Linux", home=HOME, config_home=FOLDERS.config_home, state_home=FOLDERS.state_home, uid=1000)
CONFIGURATION = f"{HOME}/.local/share/astraeus-provision/router/haproxy.cfg"
LATE, GONE = Broken("it did not finish within 60 s"), Broken("the connection broke off (EOFError)")
NO_RECORD = [("failed", "norecord /r")]


class Station:
    """A workstation that says what it is told to, step by step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        (root / "workstations").mkdir(parents=True)
        monkeypatch.setenv("ASTRAEUS_RUN", str(root))
        for module in (publish, undoing):
            monkeypatch.setattr(module, "converse", self.converse)
        self.root = root
        self.answers: list[Lines | Exception] = []
        self.acts: list[str] = []

    def converse(self, _host: Any, text: str, _lines: Any = (), **_: Any) -> Lines:
        self.acts.append(text.split("ACT=", 1)[1].split("\n", 1)[0])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def does(
        self, act: Callable[[Any, Any, Work], bool], *answers: Lines | Exception, files: bool = True
    ) -> str:
        """Return what it says of the files, when that act fails."""
        self.answers = list(answers)
        intent = intend(found(), FOLDERS, wanted())
        if not files:
            intent = replace(intent, files=())
        work = Work("laptop", intent.order, LOOK, intent, EquipPlan(how="present"), None)
        work.plugin_at, work.haproxy, work.installed = "/plugin", "/usr/sbin/haproxy", True
        assert not act(None, None, work)
        assert self.answers == []
        return self.outcome().changed

    def outcome(self) -> Published:
        told = outcomes(self.root, "publish")["laptop"]
        assert isinstance(told, Published)
        return told


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Station:
    return Station(monkeypatch, tmp_path / "run")


@pytest.mark.parametrize("fault", [LATE, RuntimeError(), [("failed", "start it")]])
def test_a_router_that_cannot_be_started_takes_the_files_with_it(
    station: Station, fault: Lines | Exception
) -> None:
    put_back: Lines = [("changed", CONFIG), ("changed", CONFIGURATION)]
    assert station.does(publish.start_router, fault, put_back, []) == PUT_BACK
    assert station.acts == ["apply", "putback", "apply"]


def test_a_router_that_does_not_run_by_the_old_files_is_said(station: Station) -> None:
    put_back: Lines = [("changed", CONFIGURATION)]
    for last in (LATE, [("failed", "start it")]):
        said = station.does(publish.start_router, LATE, put_back, last)
        assert said.startswith(f"{PUT_BACK}, but the loopback router does not run by them: ")


def test_files_that_stay_unconfirmed_are_not_called_unchanged(station: Station) -> None:
    said = station.does(publish.start_router, GONE, GONE)
    assert said.startswith("its files were written and are not confirmed")
    assert GONE.said in said
    said = station.does(publish.start_router, GONE, NO_RECORD)
    assert said.startswith("its files were written and are not confirmed")


def test_a_router_alone_changes_no_file(station: Station) -> None:
    assert station.does(publish.start_router, GONE, files=False) == UNTOUCHED
    assert station.acts == ["apply"]


def test_a_write_that_broke_off_is_undone_or_in_doubt(station: Station) -> None:
    assert station.does(publish.write_files, LATE, [("changed", CONFIG)]) == PUT_BACK
    assert station.does(publish.write_files, LATE, NO_RECORD) == UNTOUCHED
    said = station.does(publish.write_files, GONE, GONE)
    assert said.startswith("its files may be written and are not confirmed")
    said = station.does(publish.write_files, LATE, [("failed", f"changed {CONFIG}")])
    assert "was changed by someone else meanwhile" in said


@pytest.mark.parametrize("answer", [LATE, RuntimeError(), [("failed", f"changed {CONFIG}")]])
@pytest.mark.parametrize("act", [publish.write_files, publish.start_router])
def test_what_was_installed_before_it_failed_is_told(
    station: Station, act: Callable[[Any, Any, Work], bool], answer: Lines | Exception
) -> None:
    undoing = [] if act is publish.write_files and isinstance(answer, list) else [NO_RECORD]
    station.does(act, answer, *undoing)
    told = station.outcome()
    assert (told.status, told.files, told.started) == ("failed", (), False)
    assert (told.plugin, told.haproxy, told.installed) == ("/plugin", "/usr/sbin/haproxy", True)


def test_what_the_machine_refuses_whole_is_unchanged(station: Station) -> None:
    assert station.does(publish.write_files, [("failed", f"changed {CONFIG}")]) == UNTOUCHED
    assert station.acts == ["replace"]
