"""Which networks reach a host's port."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from provision.cidr import is_public
from provision.facts import HostFacts
from provision.networks import Admission, Refusal, admitted
from provision.site import Host, Site


def decide(
    addresses: list[str], reached: str | None, *, operator: str | None = None, **said: Any
) -> Admission | Refusal:
    facts = HostFacts.model_validate(
        {
            "addresses": [{"interface": text.split()[0], "address": text.split()[1]} for text in addresses],
            "reached_address": reached,
            "operator_address": operator,
        }
    )
    host = Host.model_validate({"name": "gpu", "admit": said.get("host")})
    site = Site.model_validate({"hosts": [host.model_dump()], "admit": said.get("site")})
    return admitted(host, site, facts)


def cidrs(decision: Admission | Refusal) -> tuple[str, ...]:
    assert isinstance(decision, Admission), decision
    return decision.cidrs


def refused(decision: Admission | Refusal) -> Refusal:
    assert isinstance(decision, Refusal), decision
    return decision


TWO_LANS = ["lo 127.0.0.1/8", "eth0 192.168.7.10/24", "eth1 10.9.0.4/16"]


def test_the_subnet_of_the_interface_that_the_operator_came_by() -> None:
    assert cidrs(decide(TWO_LANS, "192.168.7.10")) == ("192.168.7.0/24",)
    assert cidrs(decide(TWO_LANS, "10.9.0.4")) == ("10.9.0.0/16",)


def test_its_ula_networks_come_along_but_not_a_second_subnet() -> None:
    addresses = ["eth0 192.168.7.10/24", "eth0 10.0.0.3/24", "eth0 fd00:7::10/64", "eth0 2001:db8::1/64"]
    assert cidrs(decide(addresses, "192.168.7.10")) == ("192.168.7.0/24", "fd00:7::/64")


@pytest.mark.parametrize("reached", ["203.0.113.5", "2001:db8::5", "fe80::1", "fd00:7::10"])
def test_reached_over_a_public_address_or_ipv6_still_admits_the_private_networks(reached: str) -> None:
    addresses = [
        "eth0 203.0.113.5/24",
        "eth0 2001:db8::5/64",
        "eth0 fe80::1/64",
        "eth0 192.168.7.10/24",
        "eth0 fd00:7::10/64",
        "eth1 10.9.0.4/16",
    ]
    assert cidrs(decide(addresses, reached)) == ("192.168.7.0/24", "fd00:7::/64")


def test_refused_where_there_is_no_private_network() -> None:
    refusal = refused(decide(["eth0 203.0.113.5/24", "eth1 10.9.0.4/16"], "203.0.113.5"))
    assert "eth0" in refusal.problem
    assert "--admit" in refusal.remedy


@pytest.mark.parametrize(
    ("addresses", "reached"),
    [
        (["eth0 10.0.0.5/32"], "10.0.0.5"),
        (["eth0 192.168.7.10/24"], None),
        (["eth0 192.168.7.10/24"], "192.168.99.1"),
        (["lo 127.0.0.1/8", "eth0 192.168.7.10/24"], "127.0.0.1"),
    ],
    ids=["a network of one", "no ssh connection", "behind a translation", "forwarded port"],
)
def test_refused_where_it_cannot_be_told(addresses: list[str], reached: str | None) -> None:
    refused(decide(addresses, reached))


def test_a_forwarded_port_is_named_as_the_reason() -> None:
    assert "forwarded port" in refused(decide(["lo 127.0.0.1/8"], "127.0.0.1")).problem


def test_the_hosts_own_list_beats_the_sites_and_that_beats_the_default() -> None:
    assert cidrs(decide(TWO_LANS, "10.9.0.4", site=["192.168.0.0/16"])) == ("192.168.0.0/16",)
    both = decide(TWO_LANS, "10.9.0.4", site=["192.168.0.0/16"], host=["10.1.0.0/24"])
    assert cidrs(both) == ("10.1.0.0/24",)


def test_whether_the_operator_is_among_them() -> None:
    def seen(operator: str | None) -> bool | None:
        decision = decide(TWO_LANS, "10.9.0.4", operator=operator)
        assert isinstance(decision, Admission)
        return decision.operator

    assert seen("10.9.3.3") is True
    assert seen("198.51.100.7") is False
    assert seen("fd00::1") is False
    assert seen(None) is None


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("10.0.0.0/8", False),
        ("100.64.0.0/10", False),
        ("fd00::/8", False),
        ("8.8.8.0/24", True),
        ("10.0.0.0/7", True),
    ],
)
def test_public(text: str, public: bool) -> None:  # noqa: FBT001 - a table
    assert is_public(ip_network(text)) is public
