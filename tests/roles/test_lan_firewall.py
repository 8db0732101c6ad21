"""Who reaches the port after hand-made changes, restarts, a reboot, another list, another manager."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.shell import until
from tests.roles.bed import Bed

pytestmark = pytest.mark.lab
ROLE = "lan_firewall"
PORT = 11434
LISTENER = Path(__file__).parents[1] / "molecule/listener.py"
ADMITTED, REFUSED = True, False

# What opens the port, or takes our rules away, by hand; and what restarts the manager.
TAMPERING = {
    "nftables": "nft insert rule inet astraeus input tcp dport 11434 accept",
    "ufw": "ufw --force delete deny 11434/tcp; ufw prepend allow 11434/tcp",
    "firewalld": 'firewall-cmd --policy astraeus --remove-rich-rule=\'rule priority="-1"'
    ' port port="11434" protocol="tcp" drop\'',
}
RESTARTS = {
    "nftables": (
        "systemctl start nftables",
        "systemctl restart nftables",
        "systemctl reload nftables",
        "systemctl stop nftables",
    ),
    "ufw": ("ufw reload", "systemctl restart ufw"),
    "firewalld": ("firewall-cmd --reload", "systemctl restart firewalld"),
}
# A rule for everybody that was there before us.
OLDER_RULE = {
    "nftables": "nft 'add table ip mine; add chain ip mine in { type filter hook input priority 0; };"
    " add rule ip mine in tcp dport 11434 accept'",
    "ufw": "ufw allow 11434/tcp",
    "firewalld": "firewall-cmd --permanent --add-port=11434/tcp; firewall-cmd --reload",
}


@pytest.fixture(scope="module", params=["nftables", "ufw", "firewalld"])
def manager(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def host(manager: str) -> Iterator[Bed]:
    """A host of that manager with an older open rule, guarded, and something that answers on the port."""
    image = "server" if manager == "nftables" else f"server-{manager}"
    host = Bed.start(f"fw-{manager}", image=image, firewall=manager)
    try:
        if manager == "nftables":
            host.run("apt-get install -qq -y nftables")
        host.run(OLDER_RULE[manager])
        assert host.play(ROLE).failure == ""
        listen(host)
        yield host
    finally:
        host.stop()


def listen(host: Bed) -> None:
    host.machine.write("/root/listener.py", LISTENER.read_text(encoding="utf-8"))
    host.run(f"systemd-run --unit=listener --quiet /usr/bin/python3 /root/listener.py {PORT}")
    until(lambda: f":{PORT}" in host.run("ss -Hltn"), "something answers on the port", timeout_s=20)


def answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1.5):
            return True
    except OSError:
        return False


def reached(host: Bed) -> tuple[bool, bool, bool, bool]:
    """Whether the port answers on the team's IPv4, its IPv6, the other network's IPv4, its IPv6."""
    addresses = host.addresses()
    return (
        answers(addresses["team4"], PORT),
        answers(addresses["team6"], PORT),
        answers(addresses["other4"], PORT),
        answers(addresses["other6"], PORT),
    )


AS_LISTED = (ADMITTED, ADMITTED, REFUSED, REFUSED)


def ssh_answers(host: Bed) -> bool:
    addresses = host.addresses()
    return answers(addresses["team4"], 22) and answers(addresses["other4"], 22)


def test_only_the_listed_networks_are_let_in(host: Bed) -> None:
    assert reached(host) == AS_LISTED
    assert ssh_answers(host)
    assert host.play(ROLE).changed == ()


def test_what_was_opened_by_hand_is_closed_again(host: Bed, manager: str) -> None:
    host.run(TAMPERING[manager])
    assert reached(host)[2] == ADMITTED, "the test did not open the port"
    assert host.play(ROLE).failure == ""
    assert reached(host) == AS_LISTED
    assert host.play(ROLE).changed == ()


def test_restarting_the_manager_changes_nothing(host: Bed, manager: str) -> None:
    for command in RESTARTS[manager]:
        host.run(command)
        # firewalld says that it runs a moment before all of its rules do.
        until(lambda: reached(host) == AS_LISTED, f"as listed after {command}", timeout_s=15)
    assert host.play(ROLE).changed == ()


def test_a_network_that_is_taken_off_the_list_is_shut_out(host: Bed) -> None:
    team4, team6 = host.variables["lan_firewall_admit"]
    assert host.play(ROLE, lan_firewall_admit=[team4]).failure == ""
    assert reached(host) == (ADMITTED, REFUSED, REFUSED, REFUSED)
    other = ["10.213.20.0/24", "fd10:213:20::/64"]
    assert host.play(ROLE, lan_firewall_admit=[*other, team6]).failure == ""
    assert reached(host) == (REFUSED, ADMITTED, ADMITTED, ADMITTED)
    assert ssh_answers(host)
    assert host.play(ROLE).failure == ""
    assert reached(host) == AS_LISTED


def test_a_reboot_changes_nothing(host: Bed) -> None:
    host.reboot()
    listen(host)
    assert reached(host) == AS_LISTED
    assert ssh_answers(host)
    assert host.play(ROLE).changed == ()


def test_another_manager_takes_over_and_leaves_nothing(host: Bed, manager: str) -> None:
    other = "ufw" if manager == "nftables" else "nftables"
    host.run(
        {
            "nftables": "apt-get install -qq -y ufw && ufw allow 22/tcp && ufw --force enable",
            "ufw": "ufw disable",
            "firewalld": "systemctl disable --now firewalld",
        }[manager]
    )
    assert host.play(ROLE, lan_firewall_manager=other).failure == ""
    assert reached(host) == AS_LISTED
    assert ssh_answers(host)
    gone = {
        "nftables": "nft list table inet astraeus || test -e /etc/astraeus/firewall.nft",
        "ufw": "ufw show added | grep astraeus",
        "firewalld": "test -e /etc/firewalld/policies/astraeus.xml",
    }
    assert host.machine.run(gone[manager], check=False).returncode != 0
    assert host.play(ROLE, lan_firewall_manager=other).changed == ()


@pytest.fixture
def unguarded() -> Iterator[Bed]:
    """A host with firewalld and none of our rules."""
    bed = Bed.start("fw-reload", image="server-firewalld", firewall="firewalld")
    try:
        yield bed
    finally:
        bed.stop()


def test_what_firewalld_only_runs_with_is_not_lost(unguarded: Bed) -> None:
    """A reload would take it away: it is refused, or done without where that works."""
    host = unguarded
    host.run("firewall-cmd --add-service=http")
    for check in (True, False):
        refused = host.play(ROLE, check=check)
        assert "public: services: " in refused.failure
        assert "firewall-cmd --runtime-to-permanent" in refused.failure
        assert "http" in host.run("firewall-cmd --list-services").split()

    host.run("firewall-cmd --runtime-to-permanent")
    assert host.play(ROLE).failure == ""
    host.run("firewall-cmd --add-service=https")
    rules = "firewall-cmd --policy astraeus --list-rich-rules"
    first, *_ = host.variables["lan_firewall_admit"]
    assert host.play(ROLE, lan_firewall_admit=[first, "10.99.0.0/16"]).failure == ""
    assert "10.99.0.0/16" in host.run(rules)
    assert {"http", "https"} <= set(host.run("firewall-cmd --list-services").split())
    assert host.play(ROLE).failure == ""
    assert "10.99.0.0/16" not in host.run(rules)
    assert host.play(ROLE).changed == ()
