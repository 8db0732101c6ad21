"""The lab as one site: the host that serves everything, two laptops, and a user with a file of her own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.catalogue import load_catalogue
from tests.end_to_end.product import PROGRAM, Product
from tests.end_to_end.sites import Sites, host
from tests.lab.lab import Lab, LabMachine
from tests.lab.tree import LOGIN_RECORDS, Entry, changes

CHECKOUT = Path(__file__).parents[2]
PORT = load_catalogue().ollama.port
CONFIG = "/home/dev/.config/opencode/opencode.json"
SERVER = "gpu-server.local"
LAPTOPS = ["laptop1", "laptop2"]
SECRET = "sk-not-yours"
USERS_OWN = f"""{{
  // mine: keep the dark one
  "theme": "opencode",
  "provider": {{
    "office": {{"npm": "@ai-sdk/openai-compatible", "options": {{"apiKey": "{SECRET}"}}, }}
  }},
  "autoupdate": false, // never at work
}}
"""
OWN_LINES = ("// mine: keep the dark one", '"theme": "opencode"', f'"apiKey": "{SECRET}"', "// never at work")
MIRROR_S_OWN = "/var/log/nginx/*"  # who asked it for what

Trees = dict[str, dict[str, Entry]]


def trees(lab: Lab) -> Trees:
    """Every file of every machine, login records aside."""
    with ThreadPoolExecutor() as pool:
        hashed = pool.map(lambda one: one.tree_hash((*LOGIN_RECORDS, MIRROR_S_OWN)), lab.machines)
        return {machine.name: tree for machine, tree in zip(lab.machines, hashed, strict=True)}


def differences(before: Trees, after: Trees) -> dict[str, list[str]]:
    """What was written, by machine."""
    return {name: lines for name in before if (lines := changes(before[name], after[name]))}


def write_config(laptop: LabMachine, text: str, mode: str = "0644") -> None:
    """A configuration that the user has written there herself."""
    laptop.run("mkdir -p .config/opencode", user="dev")
    laptop.write(CONFIG, text, owner="dev", mode=mode)


class Road:
    """One site, one memory."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.product = Product(folder / "state")
        self.sites = Sites(lab, folder)
        self.site = self.sites("lab", [host(SERVER)], LAPTOPS)

    def config(self, name: str) -> str:
        return self.lab.machine(name).read(CONFIG)

    def write_the_user_s_own(self) -> None:
        """On laptop1, as a file that others may read."""
        write_config(self.lab.machine("laptop1"), USERS_OWN, "0640")

    def answers(self, asking: str, address: str) -> bool:
        """Whether the server answers that machine at an address."""
        line = f"curl -s -m 3 -o /dev/null -w '%{{http_code}}' http://{address}:{PORT}/api/version"
        return self.lab.machine(asking).run(line, check=False).stdout == "200"

    def offered(self) -> list[str]:
        """Names of the models that the server lists to a laptop."""
        listed = self.lab.machine("laptop1").run(f"curl -sf http://{SERVER}:{PORT}/api/tags").stdout
        return [model["name"] for model in json.loads(listed)["models"]]


def played(product: Product, site: Path) -> dict[str, tuple[int, int]]:
    """Run the playbook as an Ansible user would: host to (changed, failed or unreachable)."""
    shell = Product(product.state, program=Path("/usr/bin/env"), env=product.env)
    settings = [f"ASTRAEUS_SITE={site}", f"PATH={PROGRAM.parent}:{product.environment['PATH']}"]
    command = ["ansible-playbook", "-i", "inventories/astraeus", "playbooks/lan.yml"]
    ran = shell(*settings, "ANSIBLE_NOCOLOR=1", *command, cwd=CHECKOUT)
    result = {}
    for line in ran.stdout.partition("PLAY RECAP")[2].splitlines():
        name, colon, rest = line.partition(":")
        if colon:
            counts = dict(word.split("=") for word in rest.split())
            bad = int(counts["failed"]) + int(counts["unreachable"])
            result[name.strip()] = (int(counts["changed"]), bad)
    assert result, ran.said
    return result
