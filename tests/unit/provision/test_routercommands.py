"""`router …`: what its remedies and its run's folder are called; hosts are never changed by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provision.operation import Operation
from provision.report import Report
from provision.routercommands import apply_router, uninstall_router
from provision.sitefile import Described
from tests.unit.provision.bed import SITE
from tests.unit.provision.stage import Calls, replace

OPTIONS: dict[str, Any] = {"limit": (), "yes": True, "as_json": False, "verbose": False}
REPORT = Report(command="c", ok=True, exit_code=0, seconds=1.0, run_dir="/r", site="site.yml")


@pytest.fixture(autouse=True)
def acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Calls]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    described = Described(site=SITE, origin="site.yml", option=("--site", "site.yml"))
    replace(monkeypatch, "provision.routercommands.describe_deployed", described)
    return {
        word: replace(monkeypatch, f"provision.routercommands.{word}", REPORT)
        for word in ("deploy", "withdraw")
    }


@pytest.mark.parametrize(("word", "dry_run"), [("apply", False), ("diff", True)])
def test_what_finishes_a_workstation_changes_no_host(
    acts: dict[str, Calls], word: str, *, dry_run: bool
) -> None:
    assert apply_router(Path("site.yml"), dry_run=dry_run, **OPTIONS) == 0
    run: Operation = acts["deploy"].calls[0][0][0]
    assert run.again("laptop") == "astraeus-provision router apply --site site.yml --limit laptop"
    assert f"Z-router-{word}-" in run.run.root.name


def test_an_uninstall_s_folder_says_so(acts: dict[str, Calls]) -> None:
    assert uninstall_router(Path("site.yml"), dry_run=False, **OPTIONS) == 0
    run: Operation = acts["withdraw"].calls[0][0][0]
    assert "Z-router-uninstall-" in run.run.root.name
