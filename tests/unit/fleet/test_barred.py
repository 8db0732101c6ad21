"""A folder in which nothing can be written is found by the look, and named, before anything is written."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provision.fleet.workstation.exchange import ended
from provision.fleet.workstation.intent import intend
from provision.fleet.workstation.reading import FoundFile, read_found, read_look
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.sharedfile import Refused
from provision.fleet.workstation.withdrawal import withdraw
from tests.unit.fleet.homes import LOOK_VALUES, Home
from tests.unit.fleet.test_agents import CONFIG, FOLDERS, OMO, USERS, found, published, wanted

NOBODY = 65534


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of an ordinary user's: for root every folder can be written."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        mine = folder / "home of dev"
        mine.mkdir()
        if os.geteuid() == 0:
            os.chown(mine, NOBODY, NOBODY)
        yield mine


def seen(home: Path, sh: list[str], *paths: str) -> dict[str, FoundFile]:
    values = {
        "CONFIG_HOME": f"{home}/.config",
        "STATE_HOME": f"{home}/.local/state",
        "SHELLS": "no",
        "FILES": "\n".join(paths),
    }
    done = subprocess.run(
        [*sh, "-c", script("read", values)],
        capture_output=True,
        text=True,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        user=NOBODY if os.geteuid() == 0 else None,
        timeout=20,
        check=True,
    )
    return read_found(ended(done.stdout.splitlines()))


def test_what_can_be_made_is_barred_by_nothing(home: Path, sh: list[str]) -> None:
    assert {one.barred for one in seen(home, sh, f"{home}/.omo/omo.jsonc", f"{home}/x").values()} == {None}


def test_the_folder_that_bars_a_file_is_named(home: Path, sh: list[str]) -> None:
    (home / ".omo").write_text("a file")
    (home / ".omo").chmod(0o644)
    (home / ".local").symlink_to("/gone")
    closed = home / ".config/opencode"
    closed.mkdir(parents=True)
    (closed / "opencode.json").write_text("{}")
    closed.chmod(0o555)
    files = seen(home, sh, f"{home}/.omo/omo.jsonc", f"{closed}/agents/a.md")
    barred = {path.removeprefix(f"{home}/"): one.barred for path, one in files.items()}
    assert barred == {
        ".config/opencode/opencode.jsonc": str(closed),
        ".config/opencode/opencode.json": str(closed),
        ".local/state/astraeus-provision/router.json": f"{home}/.local",
        ".omo/omo.jsonc": f"{home}/.omo",
        ".config/opencode/agents/a.md": str(closed),
    }


def test_a_relative_xdg_folder_is_none(laptop: Home, sh: list[str]) -> None:
    (laptop.home / ".profile").write_text("export XDG_CONFIG_HOME=conf XDG_STATE_HOME=state\n")
    look = read_look(laptop.run(sh, "look", LOOK_VALUES))
    assert (look.config_home, look.state_home) == (f"{laptop.home}/.config", f"{laptop.home}/.local/state")


@pytest.mark.parametrize("path", [CONFIG, OMO, FOLDERS.ledger])
def test_publishing_refuses_before_it_writes(path: str) -> None:
    files = found(*USERS)
    files[path] = replace(files[path], barred="/home/dev/closed")
    with pytest.raises(Refused, match="nothing can be written in /home/dev/closed") as caught:
        intend(files, FOLDERS, wanted())
    assert "/home/dev/closed" in caught.value.remedy


def test_where_nothing_is_to_be_written_a_closed_folder_is_the_users_choice() -> None:
    files = published(found(*USERS))[0]
    files = {path: replace(one, barred="/home/dev") for path, one in files.items()}
    assert intend(files, FOLDERS, wanted()).files == ()


def test_an_uninstall_refuses_too() -> None:
    files = published(found(*USERS))[0]
    files[OMO] = replace(files[OMO], barred="/home/dev/.omo")
    with pytest.raises(Refused, match=r"nothing can be written in /home/dev/\.omo"):
        withdraw(files, FOLDERS)
