"""A host of the lab for role tests: apply roles with changed variables, look at it, break it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import layout, molecule
from tests.lab.lab import LabMachine
from tests.lab.shell import podman
from tests.molecule.bed import role_variables

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("lan_firewall", "ollama", "ollama_models")
LEDGER = "/var/lib/astraeus/ollama-models.json"


@dataclass(frozen=True)
class Played:
    """What a play did to the host."""

    changed: tuple[str, ...]
    failure: str
    retries: tuple[str, ...]


@dataclass
class Bed:
    """One host, and the variables that it was last converged with."""

    state: Path
    name: str
    machine: LabMachine
    variables: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, name: str, *, image: str = "server", firewall: str = "nftables") -> Bed:
        state = Path(tempfile.mkdtemp(prefix="astraeus-roles-"))
        molecule.create(state, image, [name], molecule.keeper())
        networks = (layout.TEAM, layout.OTHER)
        place = layout.Machine(f"mol-{name}", "ops", image, 0, networks, container_name=f"mol-{name}")
        return cls(state, f"mol-{name}", LabMachine(place), role_variables(firewall))

    def stop(self) -> None:
        molecule.destroy(self.state)

    def play(self, *roles: str, check: bool = False, **changed: Any) -> Played:
        """Apply roles (all by default) with some variables changed for this once."""
        (self.state / "vars.json").write_text(json.dumps(self.variables | changed), encoding="utf-8")
        playbook = [
            {
                "hosts": self.name,
                "become": True,
                "gather_facts": False,
                "roles": [{"role": role} for role in (roles or ROLES)],
            }
        ]
        (self.state / "play.json").write_text(json.dumps(playbook), encoding="utf-8")
        argv = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            f"--inventory={self.state / 'hosts.yml'}",
            f"--extra-vars=@{self.state / 'vars.json'}",
            str(self.state / "play.json"),
            *(["--check", "--diff"] if check else []),
        ]
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "provision/engines/ansible_callback"),
            "ANSIBLE_STDOUT_CALLBACK": "astraeus_jsonl",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.state / "cp"),
        }
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if not any(event["event"] == "stats" for event in events):
            raise AssertionError(
                f"ansible-playbook did not work:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return read(events)

    def run(self, command: str | Sequence[str], *, check: bool = True) -> str:
        return self.machine.run(command, check=check).stdout.strip()

    def addresses(self) -> dict[str, str]:
        """Its addresses on both networks of the lab, asked of podman."""
        text = podman("inspect", "--type=container", self.machine.container).stdout
        networks = json.loads(text)[0]["NetworkSettings"]["Networks"]
        return {
            f"{name}{family}": networks[network.name][key]
            for name, network in (("team", layout.TEAM), ("other", layout.OTHER))
            for family, key in (("4", "IPAddress"), ("6", "GlobalIPv6Address"))
        }

    def reboot(self) -> None:
        """Off and on; podman may give it another address, as DHCP may."""
        before = self.addresses()
        self.machine.reboot()
        after = self.addresses()
        for name in ("hosts.yml", "known_hosts"):
            text = (self.state / name).read_text(encoding="utf-8")
            for key, address in before.items():
                text = text.replace(address, f"<{key}>")
            for key, address in after.items():
                text = text.replace(f"<{key}>", address)
            (self.state / name).write_text(text, encoding="utf-8")

    def api(self, path: str, body: dict[str, Any] | None = None, method: str = "GET") -> Any:
        """Ask the server on the host's loopback."""
        words = ["curl", "-sS", "--max-time", "60", "-X", "POST" if body and method == "GET" else method]
        words += [] if body is None else ["--data", json.dumps(body)]
        text = self.run([*words, f"http://127.0.0.1:{self.variables['ollama_port']}{path}"])
        return json.loads(text) if text.startswith("{") else text

    def tags(self) -> dict[str, str]:
        return {model["name"]: model["digest"] for model in self.api("/api/tags")["models"]}

    def ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.machine.read(LEDGER))
        return found

    def serves(self) -> str:
        version: str = self.api("/api/version")["version"]
        return version


def read(events: Sequence[dict[str, Any]]) -> Played:
    failures = [event for event in events if event["event"] in ("failed", "unreachable")]
    return Played(
        changed=tuple(event["task"] for event in events if event["event"] == "ok" and event["changed"]),
        failure="\n".join(event["message"] for event in failures),
        retries=tuple(event["message"] for event in events if event["event"] == "retry"),
    )
