"""The lab's map: folders, networks and machines, each named once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STATE = Path(os.environ.get("ASTRAEUS_LAB_STATE", "/run/astraeus-lab"))
CACHE = Path(
    os.environ.get("ASTRAEUS_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "astraeus-provision"
)
BUILT = CACHE / "lab"
ENTER = Path(__file__).with_name("enter")

OPERATOR = STATE / "operator"
SSH = OPERATOR / "ssh"
LAB_JSON = STATE / "lab.json"
SITE_YML = STATE / "site.yml"
MIRROR_EXTRA = STATE / "mirror" / "extra"

SUDO_PASSWORD = "lab-pass"  # of the user `asks`, who exists nowhere else
MIRROR_FILES = "http://mirror.lab:8080"
MIRROR_SLOW_FILES = "http://mirror.lab:8080/slow"
MIRROR_MODELS = "http://mirror.lab:8081"
MIRROR_SLOW_MODELS = "http://mirror.lab:8082"
CLOUDS_URL = "http://clouds.lab:8090"


@dataclass(frozen=True)
class Network:
    """A bridge of the lab; addresses from .128 to .191 are podman's to give, the rest are ours."""

    name: str
    prefix: str
    prefix6: str
    internal: bool
    """Without a way out: an address on it is the only way to reach its machines."""

    @property
    def cidr(self) -> str:
        return f"{self.prefix}.0/24"

    @property
    def cidr6(self) -> str:
        return f"{self.prefix6}::/64"

    @property
    def operator(self) -> str:
        """The address that the operator has on it."""
        return f"{self.prefix}.1"

    def address(self, number: int) -> str:
        return f"{self.prefix}.{number}"

    def mac(self, number: int) -> str:
        """Always the same: a machine made anew is found at once, not when the neighbours' caches expire."""
        _, second, third = (int(part) for part in self.prefix.split("."))
        return f"02:0a:{second:02x}:{third:02x}:00:{number:02x}"

    def address6(self, number: int) -> str:
        return f"{self.prefix6}::{number}"


TEAM = Network("lab-team", "10.213.10", "fd10:213:10", internal=False)
# internal: traffic that a bridge forwards to another is masqueraded, and would look like the team's
OTHER = Network("lab-other", "10.213.20", "fd10:213:20", internal=True)
NETWORKS = (TEAM, OTHER)


@dataclass(frozen=True)
class Machine:
    """A machine of the lab as it is drawn on the map."""

    name: str
    user: str
    """Who the operator logs in as."""
    image: str
    number: int
    networks: tuple[Network, ...] = (TEAM,)
    container_name: str = ""

    @property
    def container(self) -> str:
        return self.container_name or f"lab-{self.hostname}"

    @property
    def hostname(self) -> str:
        return self.name.partition(".")[0]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(network.address(self.number) for network in self.networks)

    @property
    def folder(self) -> Path:
        """Its keys, kept when the machine is made again."""
        return STATE / "machines" / self.hostname


MACHINES = (
    Machine("gpu-server.local", "ops", "server", 10, (TEAM, OTHER)),
    Machine("gpu-two.local", "ops", "server", 11, (TEAM, OTHER)),
    Machine("mirror.lab", "root", "mirror", 20),
    Machine("clouds.lab", "root", "clouds", 21),
    Machine("laptop1", "dev", "laptop-node", 31),
    Machine("laptop2", "dev", "laptop-haproxy", 32),
    Machine("outsider", "dev", "laptop", 41, (OTHER,)),
)


def machine(name: str) -> Machine:
    """The machine of that name, with or without its domain (KeyError if there is none)."""
    for one in MACHINES:
        if name in {one.name, one.hostname}:
            return one
    raise KeyError(name)


def seen_from(viewer: tuple[Network, ...]) -> dict[str, tuple[str, ...]]:
    """Names and addresses as a machine on these networks must resolve them: by a network they share."""
    names: dict[str, tuple[str, ...]] = {}
    for one in MACHINES:
        shared = next((network for network in viewer if network in one.networks), None)
        if shared is not None:
            names[one.name] = (shared.address(one.number), shared.address6(one.number))
    return names


def hosts_file(viewer: tuple[Network, ...], own: str = "") -> str:
    """/etc/hosts for a machine on these networks; a short alias for each name with a domain."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
    if own:
        lines.append(f"127.0.1.1 {own}")
    for name, (address, _) in seen_from(viewer).items():
        short = name.partition(".")[0]
        lines.append(f"{address} {name}" + (f" {short}" if short not in {name, own} else ""))
    return "\n".join(lines) + "\n"
