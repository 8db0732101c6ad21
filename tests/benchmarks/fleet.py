"""Many workstations to publish to: looked at as a run looks at them, and written to in both ways."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from provision.catalogue import load_catalogue
from provision.engines import workstations
from provision.orders import orders
from provision.rundir import RunDir
from provision.site import Site
from provision.ssh import CONNECT_TIMEOUT_S
from provision.survey import reaches, survey, write_inventory
from tests.benchmarks.bed import FOLDER, IDENTITY, KNOWN_HOSTS, Place, lab_site
from tests.lab.shell import LabError, podman, run

POOL = Path(__file__).with_name("paramiko_pool.py")
ENDPOINTS = ("gpu-a.local", "gpu-b.local", "gpu-c.local")
"""They are only written about; with three, the router file is about 4 kB long."""
NAMED = "mirror.lab"
"""What they advertise: a name that resolves, so that no look waits for one that does not."""
ROUTER_FILE = "home/dev/.config/opencode/opencode.json"
PLAIN_FILE = "home/dev/plain.json"
WRITTEN = ("home/dev/.config/opencode", "home/dev/.local/state/astraeus-provision", PLAIN_FILE)


class Fleet:
    """Workstations of one run; both ways raise LabError when a machine comes out otherwise than said."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.names = [place.name for place in places]
        site = lab_site()
        site["hosts"] = [{"name": name, "accelerator": "cpu", "advertise": NAMED} for name in ENDPOINTS]
        site["workstations"] = [place.entry() for place in places]
        site["opencode"]["install"] = False
        self.site = Site.model_validate(site)
        self.ways = reaches(self.site)
        self.roots = _roots(places)
        self.list = FOLDER / "pool.json"
        self.list.write_text(json.dumps([{"address": one.address, "user": one.user} for one in places]))
        for root in self.roots:
            _give_opencode(root)
        self.look()
        self.publish("changed")
        self.content = (self.roots[0] / ROUTER_FILE).read_text()

    def look(self) -> None:
        """Forget what was written, and begin a run with its survey."""
        for path in (root / name for root in self.roots for name in WRITTEN):
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)
        self.run = RunDir.create("bench")
        for name, order in orders(self.site, load_catalogue()).items():
            self.run.write(f"router/{name}.json", order.model_dump(mode="json"))
        seen = survey(
            self.site,
            load_catalogue(),
            self.run.root,
            ways=self.ways,
            log=self.run.log_command,
            only=self.names,
        )
        if len(seen.workstations) != len(self.names):
            raise LabError(f"only {sorted(seen.workstations)} answered: {seen.unreachable}")
        write_inventory(self.run.root, self.site, self.ways, timeout_s=CONNECT_TIMEOUT_S)

    def publish(self, status: str) -> None:
        """The whole publish step of `lan`."""
        done = workstations.publish(
            self.run.root, self.names, log=self.run.log_command, tell=lambda _line: None
        )
        wrong = [outcome for outcome in done.values() if outcome.status != status]
        if wrong:
            raise LabError(f"{len(wrong)} machines are not {status}, the first: {wrong[0]}")

    def put(self, status: str) -> None:
        """The plain way; a process of its own, as pyinfra is."""
        said = run(
            [sys.executable, POOL, self.list, KNOWN_HOSTS, IDENTITY, f"/{PLAIN_FILE}"], stdin=self.content
        ).stdout
        if json.loads(said) != {status: len(self.places)}:
            raise LabError(f"not {status} everywhere: {said}")


def _roots(places: Sequence[Place]) -> list[Path]:
    """Each machine's files as the lab's own machine sees them."""
    shown = podman("inspect", "--format={{.State.Pid}}", *(place.container for place in places)).stdout
    return [Path(f"/proc/{process}/root") for process in shown.split()]


def _give_opencode(root: Path) -> None:
    """A program of that name, so that publishing finds one; it is asked for its version alone."""
    home = root / "home/dev"
    folder = home / ".local/bin"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "opencode"
    program.write_text(f"#!/bin/sh\necho {load_catalogue().opencode.version}\n")
    program.chmod(0o755)
    owner = home.stat()
    for path in (home / ".local", folder, program):
        os.chown(path, owner.st_uid, owner.st_gid)
