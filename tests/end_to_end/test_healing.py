"""Every fact altered by hand is seen on the quick path, named in the plan, and healed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Product, without
from tests.end_to_end.sites import Sites, host
from tests.lab.lab import Lab, LabMachine

pytestmark = pytest.mark.lab

DERIVED = load_catalogue().model_names[0]
BASE = load_catalogue().model(DERIVED).base
PORT = load_catalogue().ollama.port
API = f"curl -sf http://127.0.0.1:{PORT}/api"
UNIT = "/etc/systemd/system/ollama.service"
LOWERED = f"sed -i s/CONTEXT_LENGTH=[0-9]*/CONTEXT_LENGTH=4096/ {UNIT}.d/10-astraeus.conf"
ANEW = json.dumps({"model": DERIVED, "from": DERIVED, "parameters": {"num_ctx": 4096}})
DELETED = json.dumps({"model": DERIVED})
BLOBS = "/var/lib/ollama/models/blobs"
CONFIG = "/home/dev/.config/opencode/opencode.json"

Altered = tuple[str, str, str]
"""What it is called, what somebody does to the host, and how the plan calls what it then sees."""

# None of those in one run touches what heals another: a fact for each role, or for separate tasks of one.
# The models come first: while the service is stopped nothing is known of them.
RUNS: tuple[tuple[Altered, ...], ...] = (
    (
        ("ledger removed", "rm /var/lib/astraeus/ollama-models.json", "not by us"),
        ("rules flushed", "nft flush table inet astraeus", "the firewall's rules for the port differ"),
        ("unit edited", f"echo '# mine' >> {UNIT}", f"{UNIT} has other content"),
        ("models folder opened", "chmod 0777 /var/lib/ollama/models", "/models is ollama:ollama 777"),
    ),
    (
        ("model deleted", f"{API}/delete -X DELETE -d '{DELETED}'", f"{DERIVED} is not there"),
        ("rules deleted", "nft delete table inet astraeus", "the firewall table is missing"),
        ("drop-in edited", LOWERED, "10-astraeus.conf has other content"),
    ),
    (
        ("model made anew", f"{API}/create -d '{ANEW}'", f"{DERIVED} was altered"),
        ("rules edited", "echo '# mine' >> /etc/astraeus/firewall.nft", "firewall.nft has other content"),
        (
            "drop-in edited and in force",
            f"{LOWERED} && systemctl daemon-reload && systemctl restart ollama",
            "runs with OLLAMA_CONTEXT_LENGTH=4096",
        ),
        ("command removed", "rm /usr/local/bin/ollama", "/usr/local/bin/ollama leads to nothing"),
    ),
    (
        ("blob cut", f"b=$(ls -S {BLOBS} | head -1); truncate -s 1000 {BLOBS}/$b", "missing or cut short"),
        ("unit disabled", "systemctl disable -q astraeus-firewall", "firewall.service is disabled"),
        ("service disabled", "systemctl disable -q ollama", "ollama.service is disabled"),
    ),
    (
        ("blob deleted", f"b=$(ls -S {BLOBS} | head -1); rm {BLOBS}/$b", "missing or cut short"),
        ("release link moved", "ln -sfn /nowhere /opt/astraeus/ollama/current", "current leads to /nowhere"),
    ),
    (("service stopped", "systemctl stop ollama", "ollama.service is inactive"),),
)


@dataclass(frozen=True)
class Bed:
    """One host with one derived model, one laptop that uses it."""

    site: Path
    product: Product
    host: LabMachine
    laptop: LabMachine

    def config(self) -> str:
        return self.laptop.read(CONFIG)


@pytest.fixture(scope="module")
def bed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Bed:
    folder = tmp_path_factory.mktemp("healing")
    machine, laptop = lab.machine("gpu-two.local"), lab.machine("laptop1")
    for one in (machine, laptop):
        one.trust()
    site = Sites(lab, folder)("healing", [host(machine.name, models=[DERIVED])], [laptop.name])
    bed = Bed(site, Product(folder / "state"), machine, laptop)
    laptop.run(f"rm -f {CONFIG}")
    bed.product.lan(site).must(0)
    return bed


@pytest.mark.parametrize("altered", RUNS, ids=lambda run: ", ".join(name for name, _, _ in run))
def test_what_is_altered_on_the_host_is_named_and_healed(bed: Bed, altered: tuple[Altered, ...]) -> None:
    for _, command, _ in altered:
        bed.host.run(command)
    ran = bed.product.lan(bed.site, "--limit", bed.host.name).must(0)
    assert without("\n".join(ran.planned(bed.host.name)), [seen for _, _, seen in altered]) == []
    assert ran.of(bed.host.name)


def test_afterwards_nothing_is_left_to_change(bed: Bed) -> None:
    assert bed.product.lan(bed.site).must(0).changes == 0
    tags = json.loads(bed.host.run(f"{API}/tags").stdout)
    assert [model["name"] for model in tags["models"]] == [DERIVED]


ON_THE_LAPTOP = {
    "deleted": f"rm {CONFIG}",
    "readable by all": f"chmod 0644 {CONFIG}",
    "our lines changed": f'sed -i -e \'s/"context": [0-9]*/"context": 4096/\''
    f" -e 's/\"{DERIVED}\": {{/\"gone\": {{/' -e 's/gpu-two.local:{PORT}/elsewhere:1/' {CONFIG}",
}


@pytest.mark.parametrize("what", ON_THE_LAPTOP)
def test_what_is_altered_on_the_laptop_is_healed(bed: Bed, what: str) -> None:
    good = bed.config()
    bed.laptop.run(ON_THE_LAPTOP[what])
    ran = bed.product.lan(bed.site, "--limit", bed.laptop.name).must(0)
    assert f"write {CONFIG}" in ran.planned(bed.laptop.name)
    assert without(bed.config(), good.splitlines()) == []
    assert bed.laptop.run(f"stat -c '%a %U' {CONFIG}").stdout == "600 dev\n"
    assert "ansible" not in ran.commands
