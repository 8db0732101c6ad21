"""A converged rerun, survey to publish, against plain ansible-playbook on the same roles and host."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from provision.paths import data_root
from tests.benchmarks.bed import FOLDER, lab_site, machines
from tests.benchmarks.record import Section
from tests.benchmarks.timing import Comparison, Way, compare
from tests.lab.shell import LabError, run, step

GOAL = 0.3
BIN = Path(sys.executable).parent
COMPARED = """`astraeus-provision lan --site … --yes` on a host (and two laptops) that need nothing: the
survey, the comparison with the roles' own expectations, the proof of every model and of the closed port,
and on laptops the comparison of every file and the way to the host. Against `ansible-playbook -i …
playbooks/lan.yml` on the same host by the same roles and variables (an inventory saved once), with
Ansible's default settings: none of our ansible.cfg but `roles_path`, so 5 forks, no pipelining; facts as
the playbook says (not gathered). Ansible alone proves nothing and does not look at the laptops."""


class Road:
    """One host and two laptops, provisioned once."""

    def __init__(self) -> None:
        (host,) = machines("host", "server", ["host"])
        laptops = machines("laptops", "laptop-node", ["laptop1", "laptop2"])
        hosts = [host.entry(accelerator="cpu", advertise=host.address)]
        everything = {"hosts": hosts, "workstations": [one.entry() for one in laptops]}
        self.all = self._site("site.yml", everything)
        self.alone = self._site("alone.yml", {**everything, "workstations": []})
        with step("provisioning them", "3 min"):
            self._product("lan", "--site", self.all, "--yes")
        self._write_plain()

    def lan(self, site: Path) -> None:
        """The product; LabError when it changed anything."""
        said = self._product("lan", "--site", site, "--yes")
        if "\n0 changes made" not in said:
            raise LabError(f"the rerun changed something:\n{said}")

    def plain(self) -> None:
        """Ansible alone; LabError when it changed anything."""
        said = run(
            [BIN / "ansible-playbook", "-i", FOLDER / "inventory", data_root() / "playbooks/lan.yml"],
            env={"ANSIBLE_CONFIG": str(FOLDER / "plain.cfg")},
        ).stdout
        if " changed=0 " not in said or " failed=0 " not in said:
            raise LabError(f"Ansible changed something:\n{said[-1000:]}")

    @staticmethod
    def _product(*words: str | Path) -> str:
        return run([BIN / "astraeus-provision", *words], timeout_s=1200).stdout

    @staticmethod
    def _site(name: str, machines: dict[str, Any]) -> Path:
        path = FOLDER / name
        path.write_text(yaml.safe_dump({**lab_site(), **machines}, sort_keys=False))
        return path

    def _write_plain(self) -> None:
        """What `inventory` says, kept in a file, so that Ansible alone does not pay for a survey."""
        saved = FOLDER / "inventory.json"
        saved.write_text(json.dumps(json.loads(self._product("inventory", "--site", self.all))))
        script = FOLDER / "inventory"
        script.write_text(f"#!/bin/sh\ncat {saved}\n")
        script.chmod(0o755)
        (FOLDER / "plain.cfg").write_text(f"[defaults]\nroles_path = {data_root() / 'roles'}\n")


def measure(pairs: int = 5) -> Section:
    """Time reruns with and without laptops."""
    road = Road()
    plain = Way("ansible-playbook, default settings", road.plain)

    def against(title: str, site: Path) -> Comparison:
        return compare(title, Way("lan --yes", lambda: road.lan(site)), plain, pairs=pairs, goal=GOAL)

    return Section(
        "rerun",
        COMPARED,
        (against("host and two laptops", road.all), against("host alone", road.alone)),
        if_missed="the proof that the port is closed waits for a connection that never comes, and two Python "
        "programs start one after the other (ours and pyinfra).",
    )
