"""Machines that only the benchmarks use, and the operator's home in which the product finds them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lab import molecule
from tests.lab.layout import SITE_YML, SSH, STATE
from tests.lab.machines import is_running
from tests.lab.shell import step

FOLDER = STATE / "benchmarks"
HOME = FOLDER / "home"
KNOWN_HOSTS = FOLDER / "known_hosts"
IDENTITY = SSH / "id_ed25519"


@dataclass(frozen=True)
class Place:
    """A machine: its name in the site, and how one gets there."""

    name: str
    address: str
    user: str
    container: str

    def entry(self, **more: object) -> dict[str, object]:
        """Its lines in a site file."""
        return {"name": self.name, "ssh": {"hostname": self.address, "user": self.user}, **more}


def machines(group: str, variant: str, names: Sequence[str]) -> tuple[Place, ...]:
    """Start the machines of a group, or take those that an earlier `--keep` left."""
    state = FOLDER / group
    found = _found(state)
    if {place.name for place in found} != set(names) or not all(is_running(one.container) for one in found):
        with step(f"{len(names)} machines ({variant})", f"{2 + len(names)} s"):
            molecule.destroy(state)
            molecule.create(state, variant, [f"bench-{name}" for name in names])
        found = _found(state)
    _trust()
    return found


def destroy() -> None:
    """Remove every machine of the benchmarks."""
    for state in (path.parent for path in FOLDER.glob("*/hosts.yml")):
        molecule.destroy(state)


def _found(state: Path) -> tuple[Place, ...]:
    path = state / "hosts.yml"
    hosts: dict[str, Any] = yaml.safe_load(path.read_text())["all"]["hosts"] if path.is_file() else {}
    return tuple(
        Place(name.removeprefix("mol-bench-"), one["ansible_host"], one["ansible_user"], one["lab_container"])
        for name, one in sorted(hosts.items())
    )


def _trust() -> None:
    """Record every machine's host key, by address, for the benchmarks' operator."""
    KNOWN_HOSTS.write_text("".join(path.read_text() for path in sorted(FOLDER.glob("*/known_hosts"))))


def environment() -> dict[str, str]:
    """A home of its own: the product reads ~/.ssh/config there and keeps its runs and its memory there."""
    config = HOME / ".ssh/config"
    config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {"IdentityFile": IDENTITY, "IdentitiesOnly": "yes", "UserKnownHostsFile": KNOWN_HOSTS}
    config.write_text("Host *\n" + "".join(f"    {key} {value}\n" for key, value in settings.items()))
    return {"HOME": str(HOME), "XDG_STATE_HOME": str(HOME / "state")}


def lab_site() -> dict[str, Any]:
    """The lab's own site, to take its sources from."""
    site: dict[str, Any] = yaml.safe_load(SITE_YML.read_text())
    return site


def enter_home() -> None:
    """Let this process, and what it starts, be that operator."""
    os.environ.update(environment())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the product has its byte code, as it does for its users
