"""Machines that are not ready: exit 3, all findings of all machines at once, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Product
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import Lab
from tests.lab.shell import run, until

pytestmark = pytest.mark.lab

PORT = load_catalogue().ollama.port
LISTEN = f"import socket,time; s=socket.socket(); s.bind(('', {PORT})); s.listen(); time.sleep(3600)"
FRESH = ("gpu-server.local", "gpu-two.local", "laptop1", "laptop2", "outsider")


@pytest.fixture
def bad_machines(lab: Lab) -> Iterator[None]:
    """Every kind of bad machine that the lab can make; as new afterwards."""
    lab.machine("gpu-server.local").fresh(small_disks_mib={"/opt": 700, "/var/lib/ollama": 700})
    lab.machine("gpu-two.local").fresh()
    lab.machine("laptop1").fresh("server-unknownos")
    lab.machine("outsider").fresh("server-nosystemd")
    lab.machine("laptop2").fresh("server", new_host_key=True)
    for name in set(FRESH) - {"laptop2"}:
        lab.machine(name).trust()
    two = lab.machine("gpu-two.local")
    two.run(f'nohup python3 -c "{LISTEN}" >/dev/null 2>&1 &')
    until(lambda: f":{PORT} " in two.run("ss -Hltn").stdout, "somebody else has the port")
    yield
    for name in FRESH:
        lab.machine(name).fresh()
        lab.machine(name).trust()


def at(name: str, address: str, **ssh: object) -> dict[str, object]:
    return host(name, models=[SMALL_MODEL], ssh={"hostname": address, "user": "ops", **ssh})


@pytest.mark.usefixtures("bad_machines")
def test_all_findings_of_all_machines_come_at_once(
    lab: Lab, product: Product, sites: Sites, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", foreign])
    two = lab.machine("gpu-two.local").address
    wanted = {
        "gone.invalid": "its name does not resolve",
        "off": "no route to host",  # a machine that is off, in a network of one's own
        "no-sshd": "it refuses the connection",
        "wrong-key": "it refuses the login",
        "laptop2": "ITS HOST KEY CHANGED",
        "no-sudo": "it is in no group that usually may use sudo",
        "laptop1": "is not known here",
        "outsider": "it is not run by systemd",
        "gpu-server.local": "GiB free",
        "gpu-two.local": f"its port {PORT} is taken by python3",
        "no-gpu": "it has no NVIDIA GPU",
    }
    hosts = [
        host("gone.invalid"),
        at("off", "10.213.10.99"),
        at("no-sshd", two, port=2),
        at("wrong-key", two, identity=str(foreign)),
        at("laptop2", "laptop2"),
        at("no-sudo", two, user="nosudo"),
        at("laptop1", "laptop1"),
        at("outsider", "outsider"),
        host("gpu-server.local", models=[SMALL_MODEL]),
        host("gpu-two.local", models=[SMALL_MODEL]),
        {"name": "no-gpu", "ssh": {"hostname": two, "user": "ops"}},
    ]
    before = lab.machine("gpu-server.local").tree_hash()
    ran = product.lan(sites("bad", hosts)).must(3)
    remedies: dict[str, str] = {}
    for failure in ran.report["failures"]:
        name = failure["problem"].partition(":")[0]
        remedies[name] = f"{remedies.get(name, '')}\n{failure['remedy']}"
    assert remedies.keys() == wanted.keys()
    by_machine = {
        name: [f["problem"] for f in ran.report["failures"] if f["problem"].startswith(f"{name}:")]
        for name in wanted
    }
    for name, words in wanted.items():
        assert any(words in problem for problem in by_machine[name]), by_machine[name]
    assert all(failure["remedy"] for failure in ran.report["failures"])
    assert "accelerator: cpu" in remedies["no-gpu"]
    assert "ssh-keygen" in remedies["laptop2"]
    assert ran.seconds < 60
    assert lab.machine("gpu-server.local").tree_hash() == before
