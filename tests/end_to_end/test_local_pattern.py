"""`local`: one machine serves itself, on its loopback alone, and its own OpenCode uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.faults import PORT
from tests.end_to_end.installed import installed, run, said
from tests.end_to_end.sites import SMALL_MODEL, Sites
from tests.lab.lab import LabMachine

pytestmark = pytest.mark.lab

SITE = "/home/dev/site.yml"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LabMachine]:
    with installed(tmp_path / "own") as machine:
        yield machine


def site_text(sites: Sites, **more: object) -> str:
    here = {"name": "this-machine", "accelerator": "cpu", "models": [SMALL_MODEL]}
    return sites("here", [here], None, pattern="local", **more).read_text()


def test_a_workstation_serves_itself_and_nobody_else(own: LabMachine, sites: Sites) -> None:
    own.write(SITE, site_text(sites, router={"profile": "hybrid-cloud-ollama"}), owner="dev")
    refused = run(own, "local --yes", 3)
    assert "no NVIDIA" in json.dumps(refused["failures"])

    dry = run(own, f"local --site {SITE} --dry-run", 0)
    assert f"127.0.0.1:{PORT}" in json.dumps(dry["plan"])
    assert own.run("ls /usr/local/bin/ollama", check=False).returncode != 0

    ran = run(own, f"local --site {SITE} --yes", 0)
    proven = said(ran, "this-machine", "proven")
    assert any("answer" in text for text in proven)
    assert any("closed off the list" in text for text in proven)
    assert any("OpenCode answered" in text for text in said(ran, "localhost", "proven"))
    listening = own.run(f"ss -Hltn sport = :{PORT}").stdout
    assert f"127.0.0.1:{PORT}" in listening
    assert len(listening.splitlines()) == 1
    assert own.run("nft list ruleset 2>/dev/null", check=False).stdout == ""

    again = run(own, "local --yes", 0)
    assert said(again, "this-machine", "changed") == said(again, "localhost", "changed") == []
    run(own, "verify", 0)

    own.run("systemctl stop ollama")
    healed = run(own, "local --yes", 0)
    assert said(healed, "this-machine", "changed")


def test_under_sudo_it_is_the_user_s_configuration(own: LabMachine, sites: Sites) -> None:
    own.write(SITE, site_text(sites), owner="dev")
    run(own, f"local --site {SITE} --yes", 0, user="root")
    config = "/home/dev/.config/opencode/opencode.json"
    assert own.run(f"stat -c %U:%a {config}").stdout.strip() == "dev:600"
