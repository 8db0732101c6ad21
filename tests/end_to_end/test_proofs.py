"""A host that is as described and does not prove itself: exit 5, and no workstation was touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Product, Ran
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import LabMachine
from tests.lab.tree import changes

pytestmark = pytest.mark.lab

PORT = load_catalogue().ollama.port
ELSEWHERE = PORT + 1
# A rule of somebody else's that leads the port past our table, and what listens behind it.
REDIRECT = f"""
nft add table inet somebody
nft add chain inet somebody pre '{{ type nat hook prerouting priority dstnat; }}'
nft add rule inet somebody pre tcp dport {PORT} redirect to :{ELSEWHERE}
"""
FORWARD = f"""
import socket, threading
def copy(a, b):
    while data := a.recv(65536): b.sendall(data)
    b.shutdown(socket.SHUT_WR)
server = socket.create_server(("::", {ELSEWHERE}), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    theirs, _ = server.accept()
    ours = socket.create_connection(("127.0.0.1", {PORT}))
    threading.Thread(target=copy, args=(theirs, ours), daemon=True).start()
    threading.Thread(target=copy, args=(ours, theirs), daemon=True).start()
"""


def failed(ran: Ran, *words: str) -> None:
    ran.must(5)
    (failure,) = ran.report["failures"]
    assert failure["problem"].startswith("gpu-two.local: ")
    assert "No workstation was touched" in failure["changed"]
    assert failure["remedy"]
    for word in words:
        assert word in ran.failures, ran.failures
    assert "deploys/publish" not in ran.commands


def test_an_endpoint_that_does_not_answer_where_it_is_advertised_is_not_published(
    served: Path, laptop1: LabMachine, product: Product, sites: Sites
) -> None:
    before = laptop1.tree_hash()
    elsewhere = host("gpu-two.local", models=[SMALL_MODEL], advertise="mirror.lab")
    failed(product.lan(sites("elsewhere", [elsewhere], ["laptop1"])), f"http://mirror.lab:{PORT}")
    assert changes(before, laptop1.tree_hash()) == []


@pytest.fixture
def redirected(served: Path, two: LabMachine) -> Iterator[None]:
    two.run(REDIRECT)
    two.write("/run/forward.py", FORWARD)
    two.run("systemd-run --unit=somebody --quiet python3 /run/forward.py")
    yield
    two.run("systemctl stop somebody; nft delete table inet somebody")


@pytest.mark.usefixtures("redirected")
def test_a_port_that_is_open_to_all_is_not_published(
    laptop1: LabMachine, product: Product, sites: Sites
) -> None:
    before = laptop1.tree_hash()
    site = sites("open", [host("gpu-two.local", models=[SMALL_MODEL])], ["laptop1"])
    failed(product.lan(site), "its port is", "192.0.2.")
    assert changes(before, laptop1.tree_hash()) == []


def test_verify_is_red_where_a_host_was_altered(served: Path, two: LabMachine, product: Product) -> None:
    product("verify", "--site", served).must(0)
    two.run(
        "chmod 0644 /etc/systemd/system/ollama.service.d/10-astraeus.conf && nft flush table inet astraeus"
    )
    ran = product("verify", "--site", served).must(5)
    assert "differs from the site" in ran.failures
    assert "its port is" in ran.failures
    product.lan(served).must(0)
    product("verify", "--site", served).must(0)
