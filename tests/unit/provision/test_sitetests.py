"""The facts that ship for a user's own CI need nothing on a host that the roles do not bring."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from provision import sitetests
from provision.sitetests.test_lan_firewall import networks_in

# One host and one network, as each manager prints them.
PRINTED = {
    "nftables": "ip saddr 10.0.0.5 tcp dport 11434 accept\nip6 saddr fd00::/64 tcp dport 11434 accept",
    "ufw": "11434/tcp  ALLOW  10.0.0.5  # astraeus\n11434/tcp  ALLOW  fd00::/64  # astraeus",
    "firewalld": 'rule family="ipv4" source address="10.0.0.5/32" port port="11434" accept\n'
    'rule family="ipv6" source address="fd00::/64" port port="11434" accept',
}


@pytest.mark.parametrize("manager", PRINTED)
def test_a_network_is_found_in_every_form(manager: str) -> None:
    found = set(networks_in(PRINTED[manager]))
    assert {ip_network("10.0.0.5/32"), ip_network("fd00::/64")} <= found
    assert ip_network("10.0.0.0/24") not in found


def test_no_fact_needs_curl_on_the_host() -> None:
    folder = Path(sitetests.__file__).parent
    assert [path.name for path in folder.glob("*.py") if "curl " in path.read_text(encoding="utf-8")] == []
