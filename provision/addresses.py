"""The address that workstations use for a host whose name only your own SSH configuration knows."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import partial
from ipaddress import ip_address

from pydantic import TypeAdapter, ValidationError

from provision.errors import SiteError
from provision.foreign import printable
from provision.forms import MachineName
from provision.parallel import in_time
from provision.site import Site
from provision.ssh import Reach

RESOLVER_LIMIT_S = 12.0
"""All names together; a resolver that says nothing is given up by itself after 10 s."""


def with_addresses(site: Site, ways: Mapping[str, Reach]) -> tuple[Site, tuple[str, ...]]:
    """The site with an address for every such host, and a note on each; names that resolve stay.

    SiteError where that address is none that another machine could use, as `fe80::1%eth0`.
    """
    addresses = {host.name: ways[host.name].hostname for host in site.hosts if host.name in ways}
    doubtful = [
        host.name
        for host in site.hosts
        if host.advertise is None
        and addresses.get(host.name, host.name) != host.name
        and not _is_loopback(addresses[host.name])
    ]
    answers = in_time([partial(resolves, name) for name in doubtful], RESOLVER_LIMIT_S, otherwise=False)
    renamed = {name: addresses[name] for name, found in zip(doubtful, answers, strict=True) if not found}
    wrong = [name for name, address in renamed.items() if not _is_form(address)]
    if wrong:
        raise SiteError(
            "\n".join(
                f"{name}: workstations cannot use {printable(renamed[name])}, "
                "the address of it in your SSH configuration"
                for name in wrong
            ),
            remedy="name one that they reach with `advertise:` of that host in the site file",
        )
    hosts = tuple(
        host.model_copy(update={"advertise": renamed[host.name]}) if host.name in renamed else host
        for host in site.hosts
    )
    notes = tuple(
        f"{name} is a name of your SSH configuration: workstations will use {printable(address)}"
        for name, address in renamed.items()
    )
    return site.model_copy(update={"hosts": hosts}), notes


def resolves(name: str) -> bool:
    """Whether this machine finds an address for the name."""
    try:
        socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):  # the latter for a name that has no form in DNS, as `a..b`
        return False
    return True


def _is_form(address: str) -> bool:
    """Whether it could stand in a site file."""
    try:
        TypeAdapter(MachineName).validate_python(address)
    except ValidationError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    """A port forwarded to this machine is nothing that others could use."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
