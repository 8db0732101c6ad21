"""What the command line says of machines, where that contradicts itself or leaves nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provision.commands import deploy_site, print_inventory, verify_site
from provision.errors import ExitCode, SiteError
from provision.paths import remembered_site
from provision.routercommands import apply_router, uninstall_router
from provision.sitefile import Flags, describe, remember

OPTIONS: dict[str, Any] = {"limit": (), "dry_run": True, "yes": True, "as_json": False, "verbose": False}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("ASTRAEUS_SITE", raising=False)
    return tmp_path / "state/astraeus-provision"


@pytest.mark.parametrize("host", ["gpu-b", "ops@gpu-b"])
def test_a_host_that_is_to_come_and_to_go_is_a_contradiction(host: str) -> None:
    remember(describe(Flags(hosts=("gpu-a", "gpu-b"))).site)
    with pytest.raises(SiteError) as refused:
        describe(Flags(hosts=(host,), remove_hosts=("gpu-b",)))
    assert refused.value.exit_code == ExitCode.DESCRIPTION
    assert refused.value.problem.startswith("--host gpu-b --remove-host gpu-b: ")
    assert "say one of them" in refused.value.remedy


def test_the_only_host_is_not_taken_out_and_what_to_do_instead_is_said(tmp_path: Path, state: Path) -> None:
    remember(describe(Flags(hosts=("gpu-a",))).site)
    saved = tmp_path / "saved.yml"
    with pytest.raises(SiteError) as refused:
        deploy_site(Flags(remove_hosts=("gpu-a",)), save=saved, **OPTIONS)
    assert refused.value.exit_code == ExitCode.DESCRIPTION
    assert refused.value.problem == "--remove-host gpu-a: no host is left. Nothing was contacted."
    assert "`astraeus-provision lan --host OTHER --remove-host gpu-a`" in refused.value.remedy
    assert "`astraeus-provision router uninstall`" in refused.value.remedy
    assert not saved.exists()
    assert not (state / "runs").exists()


def test_the_remedy_works_on_the_same_site_file(tmp_path: Path) -> None:
    file = tmp_path / "my site.yml"
    file.write_text("hosts: [{name: gpu-a}]\n")
    with pytest.raises(SiteError) as refused:
        describe(Flags(site=file, remove_hosts=("gpu-a",)))
    assert f"lan --site '{file}' --host OTHER --remove-host gpu-a`" in refused.value.remedy
    assert f"router uninstall --site '{file}'`" in refused.value.remedy


def test_the_only_host_goes_when_another_comes() -> None:
    remember(describe(Flags(hosts=("gpu-a",))).site)
    after = describe(Flags(hosts=("gpu-b",), remove_hosts=("gpu-a",))).site
    assert [host.name for host in after.hosts] == ["gpu-b"]


COMMANDS: dict[str, Callable[[], int]] = {
    "verify": lambda: verify_site(None, limit=(), as_json=False, verbose=False),
    "inventory": lambda: print_inventory(None, None),
    "router diff": lambda: apply_router(None, **OPTIONS),
    "router apply": lambda: apply_router(None, **{**OPTIONS, "dry_run": False}),
    "router uninstall": lambda: uninstall_router(None, **OPTIONS),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_begins_no_site_says_what_to_do_first(command: str, state: Path) -> None:
    with pytest.raises(SiteError) as refused:
        COMMANDS[command]()
    assert refused.value.exit_code == ExitCode.DESCRIPTION
    assert refused.value.problem.startswith("no site is remembered: ")
    assert "`astraeus-provision lan --host NAME`" in refused.value.remedy
    assert "--site FILE" in refused.value.remedy
    assert not (state / "runs").exists()
    assert not remembered_site().exists()
