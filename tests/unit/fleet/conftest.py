"""Fixtures: a workstation's home, and each shell that its scripts must run in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.fleet.homes import Home, Served, serving
from tests.unit.fleet.runs import FAKE, USERS, Run

SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "ash"], ["zsh", "--emulate", "sh"]]
PRESENT = [shell for shell in SHELLS if shutil.which(shell[0])]


@pytest.fixture(params=PRESENT, ids=lambda shell: shell[0])
def sh(request: pytest.FixtureRequest) -> list[str]:
    """Each POSIX shell of this machine."""
    shell: list[str] = request.param
    return shell


@pytest.fixture
def laptop(tmp_path: Path) -> Home:
    home = tmp_path / "home of dev"
    home.mkdir()
    return Home(home)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as one:
        yield one


@pytest.fixture
def run(tmp_path: Path, laptop: Home, served: Served) -> Run:
    served.files["/v1/models"] = b'{"data": [{"id": "m1:latest"}, {"id": "m2:latest"}]}'
    binary = laptop.home / ".local/bin/opencode"
    binary.parent.mkdir(parents=True)
    binary.write_text(FAKE)
    binary.chmod(0o755)
    config = laptop.home / ".config/opencode/opencode.jsonc"
    config.parent.mkdir(parents=True)
    config.write_text(USERS)
    return Run(tmp_path / "a run", laptop, served.url)
