"""The loopback router on real laptops: it comes, runs, is kept running, and goes without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Product
from tests.end_to_end.road import CONFIG, SERVER
from tests.end_to_end.sites import Sites, host
from tests.lab.lab import Lab, LabMachine
from tests.lab.shell import until

pytestmark = pytest.mark.lab

PORT = load_catalogue().router_port
POOL = f"http://127.0.0.1:{PORT}/v1"
HOME = "/home/dev"
UNIT = f"{HOME}/.config/systemd/user/astraeus-router.service"
SERVICE = "XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user"
LISTENER = """\
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => %d, Listen => 5, ReuseAddr => 1);
while (my $one = $listener->accept) { <$one>; print $one "HTTP/1.0 200 OK\\r\\n\\r\\nmine"; close $one }
"""
"""Somebody else's server, for a machine that has Perl and little else."""


@pytest.fixture
def laptop(lab: Lab) -> Iterator[LabMachine]:
    """The one whose user may not become root."""
    one = lab.machine("laptop2")
    one.fresh()
    one.trust()
    lab.machine(SERVER).trust()
    yield one
    one.fresh()
    one.trust()


def site(sites: Sites, **router: object) -> Path:
    return sites("pooled", [host(SERVER)], ["laptop2"], router={"loopback": True, **router})


def runs(laptop: LabMachine) -> bool:
    """Whether the router answers for the pool."""
    line = f"curl -sf -m 2 -o /dev/null {POOL}/models"
    return laptop.run(line, check=False).returncode == 0


def test_it_comes_is_kept_running_and_goes_without_a_trace(
    laptop: LabMachine, product: Product, sites: Sites
) -> None:
    before = laptop.tree_hash()
    ran = product.lan(site(sites)).must(0)
    assert "started the loopback router" in ran.of("laptop2")
    assert POOL in laptop.read(CONFIG)
    assert SERVER not in laptop.read(CONFIG), "OpenCode knows one address"
    assert laptop.run(f"{SERVICE} is-enabled astraeus-router", user="dev").stdout.strip() == "enabled"

    again = product.lan(site(sites)).must(0)
    assert again.of("laptop2") == []
    assert any(POOL in text for text in again.of("laptop2", "proven"))

    laptop.run(f"{SERVICE} stop astraeus-router", user="dev")
    assert not runs(laptop)
    assert product("verify", "--site", site(sites)).must(6).failures.count("laptop2") >= 1
    healed = product.lan(site(sites)).must(0)
    assert healed.planned("laptop2") == ["start the loopback router with its settings"]
    assert runs(laptop)

    laptop.reboot()
    until(lambda: runs(laptop), "the router is there after a reboot, with nobody logged in")

    product("router", "uninstall", "--site", site(sites), "--yes").must(0)
    assert not runs(laptop)
    left = [path for path in laptop.tree_hash() if "astraeus" in path and path not in before]
    # OpenCode itself stays.
    assert [path for path in left if not path.startswith(f"{HOME}/.local/share/astraeus-provision")] == []
    assert laptop.run(f"ls {HOME}/.local/share/astraeus-provision").stdout.split() == ["opencode"]


def test_direct_and_pooled_change_places(laptop: LabMachine, product: Product, sites: Sites) -> None:
    product.lan(site(sites)).must(0)
    ran = product.lan(site(sites, loopback=False)).must(0)
    assert any(text.endswith("haproxy.cfg") for text in ran.of("laptop2"))
    assert not runs(laptop)
    assert f"http://{SERVER}" in laptop.read(CONFIG)
    assert POOL not in laptop.read(CONFIG)
    product.lan(site(sites, port=PORT + 1)).must(0)
    assert f"127.0.0.1:{PORT + 1}/v1" in laptop.read(CONFIG)
    assert not runs(laptop)


def test_a_port_that_somebody_else_has_is_a_finding(
    laptop: LabMachine, product: Product, sites: Sites
) -> None:
    laptop.write("/run/listener.pl", LISTENER % PORT)
    laptop.run("systemd-run --quiet --collect --unit=listener perl /run/listener.pl")
    until(lambda: laptop.run(f"curl -s http://127.0.0.1:{PORT}/", check=False).stdout == "mine", "it listens")
    said = product.lan(site(sites)).must(6).said
    assert f"another process answers on port {PORT}" in said
    assert "router: {port: …}" in said
    assert laptop.run(f"ls {CONFIG} {UNIT} 2>/dev/null", check=False).stdout == ""


def test_without_haproxy_and_root_it_says_what_is_lost_and_asks_the_hosts(
    laptop: LabMachine, product: Product, sites: Sites
) -> None:
    laptop.fresh("laptop")
    laptop.trust()
    ran = product.lan(site(sites)).must(0)
    (warning,) = [text for text in ran.report["plan"]["warnings"] if "no loopback router" in text]
    assert "sudo apt-get install haproxy" in warning
    assert "noticed late" in warning
    assert f"http://{SERVER}" in laptop.read(CONFIG)


def test_a_router_that_cannot_start_leaves_the_files_as_they_were(
    laptop: LabMachine, product: Product, sites: Sites
) -> None:
    # It says its version, and takes no configuration.
    laptop.run("mv /usr/sbin/haproxy /usr/sbin/haproxy.real")
    laptop.write(
        "/usr/sbin/haproxy",
        '#!/bin/sh\ncase $1 in -v) exec /usr/sbin/haproxy.real -v ;; esac\necho "bad line"\nexit 1\n',
        mode="0755",
    )
    ran = product.lan(site(sites)).must(6)
    assert "HAProxy does not take the router's configuration" in ran.failures
    assert "bad line" in ran.failures
    assert "put back as they were" in ran.failures
    assert laptop.run(f"ls {CONFIG} {UNIT} 2>/dev/null", check=False).stdout == ""
