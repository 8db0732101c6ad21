"""The address that workstations use for a host whose name only your own SSH configuration knows."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import ip_address

from provision.site import Host, Site
from provision.ssh import Reach


def with_addresses(site: Site, ways: Mapping[str, Reach]) -> tuple[Site, tuple[str, ...]]:
    """The site with an address for every such host, and a note on each; names that resolve stay."""
    hosts: list[Host] = []
    notes: list[str] = []
    for host in site.hosts:
        address = ways[host.name].hostname if host.name in ways else host.name
        is_alias = host.advertise is None and address != host.name
        if is_alias and not _is_loopback(address) and not resolves(host.name):
            hosts.append(host.model_copy(update={"advertise": address}))
            notes.append(f"{host.name} is a name of your SSH configuration: workstations will use {address}")
        else:
            hosts.append(host)
    return site.model_copy(update={"hosts": tuple(hosts)}), tuple(notes)


def resolves(name: str) -> bool:
    """Whether this machine finds an address for the name."""
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    """A port forwarded to this machine is nothing that others could use."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
