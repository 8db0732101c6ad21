"""Taking ours out ends with the ledger: wherever it breaks off, the next run does the rest."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pyinfra.api.host import Host

from provision.fleet.workstation import withdraw as phase
from provision.fleet.workstation.exchange import Broken
from provision.fleet.workstation.intent import asked_files
from provision.fleet.workstation.reading import FoundFile, Lines
from provision.fleet.workstation.shapes import Look, OpenCode, Withdrawn
from provision.fleet.workstation.sharedfile import Refused
from provision.fleet.workstation.withdrawal import withdraw
from router.service import service_files
from tests.unit.fleet.homes import Home
from tests.unit.fleet.test_agents import CONFIG, FOLDERS, HOME, USERS, file, found, published, wanted
from tests.unit.fleet.test_loopback import LOOPBACK

LOOK = Look(
    os="Linux",
    user="dev",
    home=HOME,
    config_home=FOLDERS.config_home,
    state_home=FOLDERS.state_home,
    uid=1000,
)
STEPS = ["replace", "settle", "remove", "withdraw"]


class Station:
    """A workstation whose scripts are played; it breaks off at a step, before or after that was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, files: dict[str, FoundFile]) -> None:
        self.files = files
        self.look = LOOK
        self.breaks: tuple[str, str] = ("", "")
        self.fault: Lines = []
        self.did: list[str] = []
        monkeypatch.setattr(phase, "look_at", lambda _host, _order: self.look)
        monkeypatch.setattr(phase, "files_of", lambda _host, _look, _order: self.files)
        monkeypatch.setattr(phase, "run_name", lambda: "run")
        monkeypatch.setattr(phase, "converse", self.converse)

    def converse(self, _host: Any, text: str, lines: list[str] | None = None, **_: Any) -> Lines:
        act = text.split("ACT=", 1)[1].split("\n", maxsplit=1)[0] if text.startswith("ACT=") else "withdraw"
        if self.breaks == (act, "before"):
            raise Broken("it broke off")
        self.did.append(act)
        done = self._replaced(lines or []) if act == "replace" else []
        if act == "remove":
            done = self.fault
        if act == "withdraw":
            self.files[FOLDERS.ledger] = FoundFile(FOLDERS.ledger)
        if self.breaks == (act, "after"):
            raise Broken("it broke off")
        return done

    def _replaced(self, lines: list[str]) -> Lines:
        paths = []
        for start in range(0, len(lines) - 1, 7):
            path, mode, _, _, new, _, content = lines[start : start + 7]
            text = base64.b64decode(content).decode()
            self.files[path] = FoundFile(path) if new == "-" else file(path, text, mode)
            paths.append(("changed", path))
        return paths

    def withdraws(self) -> Withdrawn:
        host: Any = Host
        return phase.withdrawn(host, "laptop")


UNIT = service_files(LOOPBACK, system="Linux", haproxy="/usr/sbin/haproxy", home=HOME)
ORDER = wanted().model_copy(update={"files": UNIT})


@pytest.fixture
def before() -> dict[str, FoundFile]:
    return {path: FoundFile(path) for path in asked_files(ORDER, FOLDERS)} | found(*USERS)


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch, before: dict[str, FoundFile]) -> Station:
    return Station(monkeypatch, published(before, ORDER)[0])


def test_the_files_go_then_the_router_and_at_last_the_ledger(
    station: Station, before: dict[str, FoundFile]
) -> None:
    done = station.withdraws()
    assert (done.status, station.did) == ("changed", STEPS)
    assert CONFIG in done.files
    assert FOLDERS.ledger not in done.files
    assert station.files == before
    assert station.withdraws() == Withdrawn(machine="laptop", status="ok")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS[:3])
def test_wherever_it_breaks_off_the_next_run_does_the_rest(
    station: Station, before: dict[str, FoundFile], step: str, when: str
) -> None:
    station.breaks = (step, when)
    with pytest.raises(Broken):
        station.withdraws()
    left = withdraw(station.files, FOLDERS)
    assert left is not None
    assert left.change.files, "the next run finds that there is something to do"
    station.breaks, station.did = ("", ""), []
    assert station.withdraws().status == "changed"
    assert station.did[-3:] == STEPS[1:]
    assert station.files == before


def test_what_the_user_does_before_the_rest_is_done_stays(
    station: Station, before: dict[str, FoundFile]
) -> None:
    station.breaks = ("settle", "before")
    with pytest.raises(Broken):
        station.withdraws()
    station.files[CONFIG] = before[CONFIG] = file(CONFIG, '{"model": "ollama/mine", "plugin": []}')
    station.breaks = ("", "")
    station.withdraws()
    assert station.files == before


def test_a_router_that_does_not_end_is_a_failure_and_told_again(station: Station) -> None:
    station.fault = [("failed", "end active|running")]
    for _ in range(2):
        done = station.withdraws()
        assert (done.status, done.evidence) == ("failed", "active\nrunning")
        assert "could not be ended" in done.problem
        assert station.files[FOLDERS.ledger].kind == "file"


def test_without_a_router_of_ours_none_is_ended(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, FoundFile]
) -> None:
    station = Station(monkeypatch, published(before)[0])
    assert station.withdraws().left == ()
    assert "remove" not in station.did


LINK = f"{HOME}/.local/bin/opencode"
DATA = f"{HOME}/.local/share/astraeus-provision"


@pytest.mark.parametrize(
    ("path", "ours", "goes"),
    [
        (LINK, True, f"rm -r {DATA} {LINK}"),
        (f"{DATA}/opencode/1.2/bin/opencode", True, f"rm -r {DATA}"),
        (LINK, False, None),
    ],
)
def test_what_stays_is_named_with_what_removes_it(
    station: Station, path: str, goes: str | None, *, ours: bool
) -> None:
    station.look = LOOK.model_copy(update={"opencode": OpenCode(path=path, version="1.2", ours=ours)})
    left = station.withdraws().left
    assert [one.partition(": ")[2] for one in left if "OpenCode" in one] == ([goes] if goes else [])
    assert any("HAProxy stays" in one and "apt-get remove haproxy" in one for one in left)


def test_the_backup_of_a_file_that_its_user_deleted_goes_too(station: Station) -> None:
    station.files[CONFIG] = FoundFile(CONFIG)
    plan = withdraw(station.files, FOLDERS)
    assert plan is not None
    assert CONFIG not in plan.change.files
    assert f"{CONFIG}.astraeus.bak" in plan.backups


@pytest.mark.parametrize("ledger", [file(FOLDERS.ledger, "{"), FoundFile(FOLDERS.ledger, "unreadable")])
def test_a_ledger_that_cannot_be_read_is_not_nothing(station: Station, ledger: FoundFile) -> None:
    station.files[FOLDERS.ledger] = ledger
    with pytest.raises(Refused, match="says what is ours"):
        station.withdraws()
    assert station.did == []


def test_the_script_takes_the_ledger_last(laptop: Home, sh: list[str]) -> None:
    config, state = laptop.home / ".config", laptop.home / "state dir"
    plugin, backup = laptop.home / ".local/share/astraeus-provision/plugin", config / "opencode/o.json.bak"
    ledger = state / "router.json"
    for path in (plugin / "1/a", state / "whole.1", ledger, backup / "in the way"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    values = {"CONFIG_HOME": str(config), "STATE": str(state), "BACKUPS": f"{backup}\n{config}/none"}
    assert ("failed", str(backup)) in laptop.run(sh, "withdraw", values)
    assert ledger.exists()
    (backup / "in the way").unlink()
    backup.rmdir()
    backup.write_text("x")
    said = laptop.run(sh, "withdraw", values)
    assert said[-2:] == [("removed", str(ledger)), ("removed", str(state))]
    assert not plugin.parent.exists()
    assert not (config / "opencode").exists()
    assert laptop.run(sh, "withdraw", values) == [("removed", str(ledger))]
