"""The firewall: what it says, and what really answers from the addresses that this machine has."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from provision.rolevars import LanFirewallVars

PROBE_S = 2.0


def addresses(host: Any) -> Iterator[str]:
    """Every global address of the host."""
    for interface in json.loads(host.check_output("ip -j address")):
        for address in interface.get("addr_info", ()):
            if address["scope"] == "global":
                yield address["local"]


def source_towards(address: str) -> str | None:
    """The address that this machine would use; None where there is no way."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=PROBE_S):
            return True
    except OSError:
        return False


def is_admitted(source: str, networks: tuple[str, ...]) -> bool:
    return any(ip_address(source) in ip_network(network) for network in networks)


def test_admitted_addresses_and_no_other_are_answered(host: Any, lan_firewall: LanFirewallVars) -> None:
    seen, expected = {}, {}
    for address in addresses(host):
        source = source_towards(address)
        if source is not None and source != address:
            way = f"{source} to {address}"
            seen[way] = answers(address, lan_firewall.lan_firewall_port)
            expected[way] = is_admitted(source, lan_firewall.lan_firewall_admit)
    assert seen, "no address of the host can be tried from here"
    assert seen == expected


def test_loopback_is_answered(host: Any, lan_firewall: LanFirewallVars) -> None:
    connect = f"import socket; socket.create_connection(('127.0.0.1', {lan_firewall.lan_firewall_port}), 5)"
    assert host.run(f'/usr/bin/python3 -c "{connect}"').rc == 0


def networks_in(rules: str) -> Iterator[IPv4Network | IPv6Network]:
    """Every network that rules name, in whichever form their manager prints it."""
    for word in re.split(r"[\s\"',]+", rules):
        try:
            yield ip_network(word)
        except ValueError:
            continue


def test_the_rules_name_the_networks(host: Any, lan_firewall: LanFirewallVars) -> None:
    commands = {
        "nftables": "nft list table inet astraeus",
        "ufw": "ufw status",
        "firewalld": "firewall-cmd --policy astraeus --list-rich-rules",
    }
    rules = host.check_output(commands[lan_firewall.lan_firewall_manager])
    missing = {ip_network(network) for network in lan_firewall.lan_firewall_admit} - set(networks_in(rules))
    assert not missing, rules
    assert "drop" in rules or "DENY" in rules


def test_the_rules_come_back_at_boot(host: Any, lan_firewall: LanFirewallVars) -> None:
    units = {"nftables": "astraeus-firewall", "ufw": "ufw", "firewalld": "firewalld"}
    assert host.service(units[lan_firewall.lan_firewall_manager]).is_enabled


def test_ssh_is_open(host: Any, lan_firewall: LanFirewallVars) -> None:
    """The very connection of this test, and a new one to each address that can be reached."""
    del lan_firewall
    reachable = [address for address in addresses(host) if source_towards(address) not in (None, address)]
    port = int(host.check_output("sshd -T 2>/dev/null | sed -n 's/^port //p' | head -1"))
    assert [address for address in reachable if not answers(address, port)] == []
