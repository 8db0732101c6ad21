"""One workstation comes into a site or goes: the site file follows when the machine is done, never before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provision.errors import EngineError, SiteError
from provision.onboarding import offboard, onboard
from provision.operation import Goal, Operation
from provision.paths import remembered_site
from provision.report import Report
from provision.sitefile import load_site

SITE = "# ours\nhosts:\n  - name: gpu.local   # the big one\nworkstations:\n  - name: laptop\n"
OPTIONS: dict[str, Any] = {"dry_run": False, "yes": True, "as_json": False, "verbose": False}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yml"
    file.write_text(SITE)
    file.chmod(0o640)
    return file


class Runs:
    """Stands in for the road: keeps each run, and ends it as it is told."""

    def __init__(self) -> None:
        self.runs: list[Operation] = []
        self.notes: list[tuple[str, ...]] = []
        self.finished = True
        self.meanwhile: Callable[[], object] = lambda: None

    def deploy(self, operation: Operation, described: Any, keep: Callable[[bool], None]) -> Report:
        return self._ran(operation, described, lambda: keep(self.finished))

    def withdraw(self, operation: Operation, described: Any, keep: Callable[[], None]) -> Report:
        return self._ran(operation, described, keep if self.finished else lambda: None)

    def _ran(self, operation: Operation, described: Any, keep: Callable[[], None]) -> Report:
        self.runs.append(operation)
        self.notes.append(described.notes)
        self.meanwhile()
        if operation.goal.mutates:
            keep()
        machines = operation.outcomes.reports(dict.fromkeys(operation.limit, "workstation"))
        return Report(
            command="c",
            ok=self.finished,
            exit_code=0 if self.finished else 6,
            seconds=1.0,
            run_dir="/r",
            site="s",
            machines=machines,
        )


@pytest.fixture
def road(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr("provision.onboarding.deploy", runs.deploy)
    monkeypatch.setattr("provision.onboarding.withdraw", runs.withdraw)
    return runs


def come(target: str, site: Path | None, profile: str | None = None, **options: Any) -> int:
    return onboard(target, profile=profile, site=site, **{**OPTIONS, **options})


def go(target: str, site: Path | None, *, forget: bool = False, **options: Any) -> int:
    return offboard(target, forget=forget, site=site, **{**OPTIONS, **options})


def test_it_is_added_with_the_file_s_comments_kept_and_shown_before(
    site: Path, road: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert come("dev@new", site, "hybrid-claude-ollama") == 0
    added = "  - name: new\n    ssh:\n      user: dev\n    profile: hybrid-claude-ollama\n"
    assert site.read_text() == SITE + added
    assert site.stat().st_mode & 0o777 == 0o640
    out, err = capsys.readouterr()
    assert "+  - name: new" in err
    assert f"added to {site}" in out
    (run,) = road.runs
    assert run.limit == {"new"}
    assert [one.name for one in run.site.consumers] == ["laptop", "new"]
    assert [one.name for one in load_site(remembered_site()).consumers] == ["laptop", "new"]


def test_what_finishes_it_is_the_same_command(site: Path, road: Runs) -> None:
    come("dev@new", site)
    assert road.runs[0].again("new") == road.runs[0].command


def test_a_machine_that_did_not_get_there_is_not_in_the_site(site: Path, road: Runs) -> None:
    road.finished = False
    assert come("dev@new", site) == 6
    assert site.read_text() == SITE
    assert not remembered_site().exists()


def test_a_dry_run_shows_it_and_writes_nothing(site: Path, road: Runs) -> None:
    come("dev@new", site, dry_run=True)
    assert site.read_text() == SITE
    assert "+  - name: new" in road.notes[0][-1]
    assert road.runs[0].goal is Goal.DRY_RUN


def test_a_second_time_nothing_is_added(site: Path, road: Runs) -> None:
    come("dev@new", site)
    once = site.read_text()
    assert come("dev@new", site) == 0
    assert come("new", site) == 0
    assert site.read_text() == once
    with pytest.raises(SiteError, match="already, with user dev"):
        come("other@new", site)
    assert len(road.runs) == 3


def test_a_host_is_no_workstation(site: Path, road: Runs) -> None:
    with pytest.raises(SiteError, match="named twice"):
        come("gpu.local", site)
    assert road.runs == []


def test_with_nobody_named_this_machine_stays_one(site: Path, road: Runs) -> None:
    site.write_text("hosts: [{name: gpu.local}]\n")
    come("new", site)
    assert [one.name for one in load_site(site).consumers] == ["localhost", "new"]
    assert len(road.runs) == 1


def test_the_others_are_told_that_their_share_is_another(
    site: Path, road: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(SITE.replace("name: gpu.local", "name: gpu.local\nserving: {num_parallel: 4}\n#"))
    come("new", site)
    assert "laptop: the share of the hosts is another now" in capsys.readouterr().out
    assert len(road.runs) == 1


def test_a_file_that_changed_meanwhile_is_left_alone(site: Path, road: Runs) -> None:
    road.meanwhile = lambda: site.write_text(f"{SITE}# more\n")
    with pytest.raises(EngineError, match="somebody else"):
        come("new", site)
    assert site.read_text() == f"{SITE}# more\n"


def test_a_file_that_cannot_be_written_is_said_before_any_contact(
    site: Path, road: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != site)
    with pytest.raises(SiteError, match="cannot write it"):
        come("new", site)
    assert road.runs == []


def test_it_goes_and_the_file_is_as_it_was(site: Path, road: Runs) -> None:
    come("dev@new", site)
    assert go("dev@new", site) == 0
    assert site.read_text() == SITE
    assert [one.name for one in load_site(remembered_site()).consumers] == ["laptop"]
    assert road.runs[1].limit == {"new"}


def test_what_kept_ours_stays_in_the_site(site: Path, road: Runs) -> None:
    road.finished = False
    assert go("laptop", site) == 6
    assert site.read_text() == SITE


def test_a_machine_that_is_gone_is_taken_out_without_a_word_to_it(
    site: Path, road: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert go("laptop", site, forget=True, dry_run=True) == 0
    assert site.read_text() == SITE
    capsys.readouterr()
    assert go("laptop", site, forget=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    assert load_site(site).workstations == ()
    assert road.runs == []


def test_who_is_not_there_cannot_go(site: Path, road: Runs) -> None:
    with pytest.raises(SiteError, match="no workstation of the site"):
        go("gpu.local", site)
    site.write_text("hosts: [{name: gpu.local}]\n")
    with pytest.raises(SiteError, match="no workstation is named there"):
        go("localhost", site)
    assert road.runs == []


def test_without_a_file_the_remembered_site_is_it(road: Runs) -> None:
    with pytest.raises(SiteError, match="no site is remembered"):
        come("new", None)
    remembered_site().parent.mkdir(parents=True)
    remembered_site().write_text(SITE)
    come("new", None)
    assert [one.name for one in load_site(remembered_site()).consumers] == ["laptop", "new"]
    assert len(road.runs) == 1
