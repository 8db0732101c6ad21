"""What each command prints and how it ends, before and after there is a run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from provision.commands import check_site, deploy_site, print_inventory, verify_site
from provision.errors import EngineError, SiteError
from provision.operation import Goal, Operation
from provision.report import Report
from provision.sitefile import Flags, load_site
from tests.unit.provision.stage import Calls, replace

FLAGS = Flags(hosts=("gpu.local",), workstations=("none",))
OPTIONS: dict[str, Any] = {
    "save": None,
    "limit": (),
    "dry_run": False,
    "yes": True,
    "as_json": False,
    "verbose": False,
}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "astraeus-provision"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Calls:
    report = Report(command="c", ok=False, exit_code=5, seconds=1.0, run_dir="/r", site="flags only")
    return replace(monkeypatch, "provision.commands.deploy", report)


def test_the_report_s_exit_code_is_the_command_s(deployed: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy_site(FLAGS, **OPTIONS) == 5
    out, err = capsys.readouterr()
    assert "exit 5 (proof)" in out
    assert "site: flags only" in err
    run: Operation = deployed.calls[0][0][0]
    assert (run.goal, run.limit, set(run.ways)) == (Goal.APPLY, {"gpu.local"}, {"gpu.local"})
    assert (run.run.root / "site.json").exists()


def test_json_is_the_only_thing_on_stdout(deployed: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    deploy_site(FLAGS, **{**OPTIONS, "as_json": True, "dry_run": True})
    out, err = capsys.readouterr()
    assert json.loads(out)["exit_code"] == 5
    assert err == ""
    assert deployed.calls[0][0][0].goal is Goal.DRY_RUN


def test_without_a_terminal_it_wants_yes_before_any_contact(
    deployed: Calls, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(SiteError, match="not a terminal"):
        deploy_site(FLAGS, **{**OPTIONS, "yes": False})
    assert deployed.calls == []
    assert not (state / "runs").exists()
    deploy_site(FLAGS, **{**OPTIONS, "yes": False, "dry_run": True})
    assert len(deployed.calls) == 1


def test_save_writes_a_site_that_reads_back(deployed: Calls, tmp_path: Path) -> None:
    file = tmp_path / "saved.yml"
    deploy_site(FLAGS, **{**OPTIONS, "save": file})
    assert load_site(file) == deployed.calls[0][0][0].site
    assert "# Machines that serve" in file.read_text()


@pytest.mark.parametrize("form", [{}, {"as_json": True}])
def test_what_is_saved_is_said_once_and_beside_the_result(
    deployed: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: dict[str, bool]
) -> None:
    file = tmp_path / "my site.yml"
    deploy_site(FLAGS, **{**OPTIONS, "save": file, **form})
    out, err = capsys.readouterr()
    assert err.count(f"saved {file}; ") == 1
    assert f"`astraeus-provision site check '{file}'`" in err
    assert f"`astraeus-provision lan --site '{file}'`" in err
    assert "saved" not in out
    assert len(deployed.calls) == 1


def test_what_could_not_be_saved_is_not_said_to_be(
    deployed: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SiteError):
        deploy_site(FLAGS, **{**OPTIONS, "save": tmp_path})
    assert "saved" not in capsys.readouterr().err
    assert deployed.calls == []


def test_verify_asks_nobody_and_mutates_nothing(deployed: Calls, tmp_path: Path) -> None:
    file = tmp_path / "site.yml"
    file.write_text("hosts: [{name: a}, {name: b}]\nworkstations: []\n")
    assert verify_site(file, limit=["b"], as_json=False, verbose=False) == 5
    run: Operation = deployed.calls[0][0][0]
    assert (run.goal.mutates, run.limit) == (False, {"b"})


def test_a_site_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "site.yml"
    file.write_text("hosts: [{name: a}]\n")
    assert check_site(file, as_json=False) == 0
    assert capsys.readouterr().out == f"{file}: right; 1 host, this machine as workstation\n"
    file.write_text("hosts: [{name: a}, {name: b}]\nworkstations: [{name: c}]\n")
    check_site(file, as_json=False)
    assert "2 hosts, 1 workstation" in capsys.readouterr().out
    file.write_text("hosts: [{name: a}]\nrouter: {profile: no-such}\n")
    with pytest.raises(SiteError, match=r":2: .*unknown profile 'no-such'"):
        check_site(file, as_json=False)
    file.write_text("hosts: [{name: a}]\n")
    assert check_site(file, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "exit_code": 0, "failures": []}
    file.write_text("hosts: [{nam: a}]\n")
    with pytest.raises(SiteError, match="nam"):
        check_site(file, as_json=False)


def test_the_inventory_s_site_comes_from_flag_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("flag", "env"):
        (tmp_path / f"{name}.yml").write_text(f"hosts: [{{name: {name}}}]\n")
    asked = replace(monkeypatch, "provision.dynamic.inventory_for", {"x": 1})
    monkeypatch.setenv("ASTRAEUS_SITE", str(tmp_path / "env.yml"))
    assert print_inventory(None, None) == 0
    assert json.loads(capsys.readouterr().out) == {"x": 1}
    print_inventory(tmp_path / "flag.yml", "flag")
    names = [call[0][0].site.hosts[0].name for call in asked.calls]
    assert names == ["env", "flag"]
    assert asked.calls[1][0][1] == "flag"


@pytest.mark.parametrize("name", ["typo", ""])
def test_an_unknown_host_has_no_variables_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "site.yml").write_text("hosts: [{name: gpu}]\n")
    asked = replace(monkeypatch, "provision.dynamic.inventory_for", {"x": 1})
    assert print_inventory(tmp_path / "site.yml", name) == 0
    assert asked.calls == []
    out, err = capsys.readouterr()
    assert json.loads(out) == {}
    assert f"--host {name!r}: the site has no such host" in err


def test_a_state_folder_in_the_way_is_an_engine_error(state: Path) -> None:
    state.parent.mkdir(exist_ok=True)
    state.write_text("")
    with pytest.raises(EngineError):
        deploy_site(FLAGS, **OPTIONS)
