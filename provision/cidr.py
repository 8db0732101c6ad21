"""Networks as a site names them: what may be one, and which of them are private. Pure."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

WIDEST_PUBLIC = {4: 16, 6: 32}
"""Shorter prefixes of public addresses are the world, or a good part of it."""
_RFC1918 = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_ULA = ip_network("fc00::/7")
_OTHER_PRIVATE = tuple(
    ip_network(text) for text in ("100.64.0.0/10", "169.254.0.0/16", "fe80::/10", "127.0.0.0/8", "::1/128")
)


def _within(network: Network, wider: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(wider, IPv4Network):
        return network.subnet_of(wider)
    if isinstance(network, IPv6Network) and isinstance(wider, IPv6Network):
        return network.subnet_of(wider)
    return False


def is_lan(network: Network) -> bool:
    """Whether it is an RFC 1918 or ULA network."""
    return any(_within(network, wider) for wider in (*_RFC1918, _ULA))


def is_public(network: Network) -> bool:
    """Whether any address of it belongs to the Internet."""
    return not is_lan(network) and not any(_within(network, wider) for wider in _OTHER_PRIVATE)


def _why(value: str, error: ValueError) -> str:
    """Of an address with its network's prefix: which network that is."""
    try:
        return f"it has host bits set; did you mean {ip_network(value, strict=False)}?"
    except ValueError:
        return str(error)


def admittable(value: object) -> Network:
    """A network that a site may admit; ValueError says why it is none."""
    if isinstance(value, IPv4Network | IPv6Network):
        value = str(value)
    if not isinstance(value, str):
        # YAML reads 1:20 as 80: what was meant can only be said in quotes
        said = repr(value)[:40]
        raise ValueError(f"{said} is no text; write a network in quotes, such as '192.168.1.0/24'")  # noqa: TRY004
    if "%" in value:
        # A scope may be any text, and would reach firewall rules and Ansible's templates as it is.
        raise ValueError(f"{value!r} has a scope (%…); a network has none, such as fd00:1::/64")
    try:
        network = ip_network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a network such as 192.168.1.0/24: {_why(value, error)}") from None
    if is_public(network) and network.prefixlen < WIDEST_PUBLIC[network.version]:
        raise ValueError(
            f"{network} is the open Internet, and Ollama has no login; admit your own networks only "
            f"(public ones of /{WIDEST_PUBLIC[network.version]} or smaller)"
        )
    return network
