"""Which networks reach a host's port, and why. Pure; Ollama has no login, so this is the lock."""

from __future__ import annotations

from collections.abc import Iterable

from provision.cidr import Network, is_lan, is_public
from provision.facts import Address, HostFacts, InterfaceAddress
from provision.model import Frozen
from provision.site import Host, Site


class Admission(Frozen):
    """Who reaches the port of one host."""

    networks: tuple[Network, ...]
    reason: str
    """Where they come from, for the plan."""
    operator: bool | None
    """Whether the operator is among them, as the host sees him; None where that is unknown."""

    @property
    def cidrs(self) -> tuple[str, ...]:
        """As role variables want them."""
        return tuple(str(network) for network in self.networks)


class Refusal(Frozen):
    """No network can be admitted."""

    problem: str
    remedy: str


def admits(networks: Iterable[Network], address: Address) -> bool:
    """Whether the address is in one of them."""
    return any(address.version == network.version and address in network for network in networks)


def _own(addresses: Iterable[InterfaceAddress], interface: str) -> list[Network]:
    """The private networks of an interface; one that holds this host alone admits nobody and is left out."""
    found: list[Network] = []
    for entry in addresses:
        network = entry.address.network
        if (
            entry.interface == interface
            and is_lan(network)
            and network.num_addresses > 1
            and network not in found
        ):
            found.append(network)
    return found


def public_networks(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Those that a person should look at twice."""
    return tuple(network for network in networks if is_public(network))


def _described(host: Host, site: Site) -> tuple[tuple[Network, ...], str] | None:
    if host.admit is not None:
        return tuple(host.admit), "the site says so for this host"
    if site.admit is not None:
        return tuple(site.admit), "the site says so"
    return None


def _by_interface(facts: HostFacts) -> tuple[list[Network], str] | str:
    """The default: private networks of the interface that the operator came in by, or why there is none."""
    reached = facts.reached_address
    entry = next((entry for entry in facts.addresses if entry.address.ip == reached), None)
    if reached is None or entry is None:
        return "the interface by which you reached it cannot be told"
    if reached.is_loopback:
        return "you reached it over a forwarded port, so its network towards you cannot be told"
    own = _own(facts.addresses, entry.interface)
    if not own:
        return f"{entry.interface}, by which you reached it at {reached}, has no private network"
    if reached.version == 4 and entry.address.network in own:  # noqa: PLR2004 - the IP version
        own = [net for net in own if net == entry.address.network or net.version == 6]  # noqa: PLR2004
        return own, f"its own subnet on {entry.interface}, by which you reached it"
    return own, f"the private networks of {entry.interface}, by which you reached it at {reached}"


def admitted(host: Host, site: Site, facts: HostFacts) -> Admission | Refusal:
    """Decide for one host: its list, else the site's, else its own private subnet towards the operator."""
    if host.is_here:
        return Admission(networks=(), reason="it serves this machine alone", operator=None)
    described = _described(host, site)
    if described is None:
        found = _by_interface(facts)
        if isinstance(found, str):
            return Refusal(
                problem=f"no network can be admitted to its port: {found}",
                remedy="say who may reach it: --admit CIDR (such as 192.168.1.0/24), or `admit:` in the site",
            )
        networks, reason = tuple(found[0]), found[1]
    else:
        networks, reason = described
    address = facts.operator_address
    return Admission(
        networks=networks, reason=reason, operator=None if address is None else admits(networks, address)
    )
