"""Fixtures: a workstation's home, and each shell that its scripts must run in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.fleet.homes import Home, Served, serving

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
