"""No workstation is named: the machine it runs on is the one, for the user who runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.product import Product
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.tree import tree

pytestmark = pytest.mark.lab


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of the operator's own, with his keys."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".ssh").symlink_to(Path("~/.ssh").expanduser())
    return folder


def test_this_machine_is_planned_first_equipped_and_answers(
    served: Path, home: Path, tmp_path: Path, sites: Sites
) -> None:
    product = Product(tmp_path / "state", env={"HOME": str(home), "XDG_CONFIG_HOME": ""})
    site = sites("here", [host("gpu-two.local", models=[SMALL_MODEL])], None)
    before = tree(home)
    dry = product("lan", "--site", site, "--dry-run").must(0)
    assert dry.stdout.startswith("Plan (workstations: localhost)")
    assert dry.of("localhost")
    assert tree(home) == before
    ran = product.lan(site).must(0)
    assert any("OpenCode answered" in text for text in ran.of("localhost", "proven"))
    config = home / ".config" / "opencode" / "opencode.json"
    assert SMALL_MODEL in json.loads(config.read_text())["provider"]["ollama"]["models"]
    assert config.stat().st_mode & 0o777 == 0o600
    again = product("lan", "--yes").must(0)
    assert again.changes == 0
    assert "localhost" in (product.state / "astraeus-provision" / "site.yml").read_text()
