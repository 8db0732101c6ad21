"""The table of NVIDIA drivers: typed view of drivers.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from provision.driverfacts import DriverOrigin
from provision.model import Frozen

TABLE_PATH = Path(__file__).with_name("drivers.yaml")

Flavour = Literal["open", "proprietary"]
"""Of the kernel modules."""


class Architecture(Frozen):
    """A generation of cards."""

    title: str
    capability: float
    """CUDA's compute capability, the least of the generation."""
    branches: tuple[int | None, int | None]
    """First and last that drive it; None: no bound."""
    open: bool
    proprietary: bool


class Repository(Frozen):
    """A package source outside the distribution."""

    url: str
    key: str
    """The file below the URL that makes the source known: a keyring package, or a .repo file."""
    key_sha256: str | None
    """None where nobody has read it."""


class Offer(Frozen):
    """One way to a driver on a system; names and commands have fields in braces."""

    origin: DriverOrigin
    source: str
    why: str
    branch: int
    modules: Literal["prebuilt", "dkms", "akmod"]
    arches: Mapping[str, str]
    """`uname -m` to the source's own word for it."""
    newest_kernel: str | None = None
    components: tuple[str, ...] = ()
    """Of the Debian archive, beside main."""
    repository: Repository | None = None
    pins: tuple[str, ...] = ()
    """Package names, as apt's preferences take them, that stay on the branch."""
    keep: Mapping[Flavour, str] = {}
    """The command that keeps the branch, before anything is installed."""
    packages: Mapping[Flavour, tuple[str, ...]]
    build: tuple[str, ...] = ()
    """Commands after the packages."""
    owner_key: str | None = None
    """The key that signs modules built there, for Secure Boot."""


class System(Frozen):
    """Releases of a distribution, and its relatives that take the same."""

    ids: Mapping[str, str]
    """ID of /etc/os-release, and what it is called."""
    versions: tuple[str, ...]
    """VERSION_ID, or its first number."""
    manager: Literal["apt", "dnf"]
    prepare: Mapping[str, tuple[str, ...]] = {}
    """By ID: commands before everything else."""
    unread: Mapping[str, tuple[str, ...]] = {}
    """By ID: what these fetch and nobody has read a checksum of."""
    offers: tuple[Offer, ...]
    otherwise: str = "use another card there"
    """What to do where no offer suits."""


class DriverTable(Frozen):
    """All of it."""

    branches: Mapping[int, str]
    newest_production_branch: int
    open_from: int
    architectures: Mapping[str, Architecture]
    device_ids: tuple[tuple[int, int, str], ...]
    systems: tuple[System, ...]

    def architecture(self, device: int) -> Architecture | None:
        """The generation of a PCI device id; None where the table does not know it."""
        for first, last, name in self.device_ids:
            if first <= device <= last:
                return self.architectures[name]
        return None

    def system(self, system_id: str, version: str) -> System | None:
        """The release; None where it is not known."""
        for system in self.systems:
            if system_id in system.ids and {version, version.partition(".")[0]} & set(system.versions):
                return system
        return None

    @property
    def known_systems(self) -> str:
        """For a person: every system with its releases."""
        releases: dict[str, list[str]] = {}
        for system in self.systems:
            for title in system.ids.values():
                releases.setdefault(title, []).extend(system.versions)
        return ", ".join(f"{title} {'/'.join(versions)}" for title, versions in releases.items())


@cache
def load_driver_table(path: Path = TABLE_PATH) -> DriverTable:
    """Read the shipped table."""
    return DriverTable.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
