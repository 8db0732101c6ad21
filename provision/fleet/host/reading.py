"""From the text that look.sh prints to HostFacts; pure, and calm about anything it does not find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_interface
from typing import Any

from provision.facts import (
    Address,
    Disk,
    HostFacts,
    InterfaceAddress,
    Os,
)
from provision.fleet.host.answer import Answer, settings
from provision.fleet.host.cards import read_driver, read_graphics
from provision.fleet.host.living import read_live
from provision.fleet.host.serving import read_ollama, read_port_owner, read_sources
from provision.rolevars import FirewallManager

KIB = 1024


def _os(answer: Answer) -> Os:
    release = settings(answer.block("os_release"))
    return Os(
        system=answer.one("system"),
        id=release.get("ID", ""),
        like=tuple(release.get("ID_LIKE", "").split()),
        version=release.get("VERSION_ID", ""),
        pretty=release.get("PRETTY_NAME", ""),
    )


def _disks(answer: Answer) -> dict[str, Disk]:
    disks = {}
    left = {folder: int(count) for folder, _, count in (line.rpartition(" ") for line in answer.many("left"))}
    for line in answer.many("disk"):
        words = line.split()
        if len(words) >= 7 and words[4].isdigit():  # noqa: PLR2004 - path, then the six columns of df -P
            disks[words[0]] = Disk(
                path=words[0],
                mount=" ".join(words[6:]),
                free_bytes=int(words[4]) * KIB,
                left_bytes=left.get(words[0], 0),
            )
    return disks


def _firewalls(answer: Answer) -> frozenset[FirewallManager]:
    active = {line.split()[0] for line in answer.many("active") if line.split()[1:] == ["active"]}
    found: set[FirewallManager] = set()
    if "ufw" in active and answer.one("ufw_enabled").strip('"').lower() == "yes":
        found.add("ufw")
    if "firewalld" in active:
        found.add("firewalld")
    if "nftables" in active:
        found.add("nftables")
    return frozenset(found)


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def _addresses(lines: Iterable[str]) -> tuple[InterfaceAddress, ...]:
    found = []
    for line in lines:
        words = line.split()
        if len(words) > 3 and words[2] in {"inet", "inet6"}:  # noqa: PLR2004 - index, interface, family, address
            address = words[3] if "/" in words[3] else f"{words[3]}/{32 if words[2] == 'inet' else 128}"
            found.append(InterfaceAddress(interface=words[1].split("@")[0], address=ip_interface(address)))
    return tuple(found)


def _sudo(answer: Answer) -> str:
    said = answer.one("sudo")
    if said != "refused":
        return said or "unknown"
    return (
        "none"
        if "not allowed" in answer.one("sudo_says") or "not in the sudoers" in answer.one("sudo_says")
        else "password"
    )


def read_host(answer: Mapping[str, Any]) -> HostFacts | None:
    """Facts of one host; None where the look broke off, so that nothing is concluded from half of it."""
    seen = Answer(str(answer.get("text", "")))
    if seen.one("complete") != "yes":
        return None
    epoch = seen.number("epoch")
    owner = read_port_owner(seen)
    connection = [*seen.one("ssh_connection").split(), "", "", ""]
    route = " ".join([*seen.block("routes"), *seen.block("routes6")]).split()
    ram_kib = seen.number("ram_kib")
    ollama = read_ollama(seen, owner)
    archive_bytes, base_bytes = read_sources(seen)
    return HostFacts.model_validate(
        {
            "os": _os(seen),
            "arch": seen.one("arch"),
            "kernel": seen.one("kernel"),
            "init": seen.one("init") or None,
            "systemd": seen.number("systemd"),
            "package_manager": seen.one("package_manager") or None,
            "python": seen.one("python").rpartition(" ")[2] or None,
            "user": seen.one("user"),
            "groups": tuple(seen.one("groups").split()),
            "sudo": _sudo(seen),
            "sudo_says": seen.one("sudo_says"),
            "graphics": read_graphics(seen),
            "driver": read_driver(seen),
            "disks": _disks(seen),
            "ram_bytes": None if ram_kib is None else ram_kib * KIB,
            "port_taken": bool(seen.block("listening")),
            "port_owner": owner,
            "ollama": ollama,
            "firewalls": _firewalls(seen),
            "clock_skew_s": None
            if epoch is None
            else round(epoch - float(answer.get("received_epoch", epoch)), 1),
            "addresses": _addresses(seen.block("addresses")),
            "default_interface": route[route.index("dev") + 1] if "dev" in route else None,
            "reached_address": _address(connection[2]),
            "operator_address": _address(connection[0]),
            "nodename": seen.one("nodename"),
            "fqdn": seen.one("fqdn"),
            "resolves": {
                name: bool(found)
                for name, _, found in (pair.partition(">") for pair in seen.one("resolves").split())
            },
            "archive_bytes": archive_bytes,
            "base_bytes": base_bytes,
            "live": read_live(seen.values, seen.blocks, ollama.models),
        }
    )
