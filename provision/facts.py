"""What a survey found on each machine, typed; every fact has a value for "could not be known"."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Literal

from provision.driverfacts import DriverFacts, Gpu, PciDisplay
from provision.model import Frozen
from provision.rolevars import FirewallManager

Address = IPv4Address | IPv6Address


UnreachedKind = Literal["silent", "refused", "name", "login", "host key", "other"]


class Unreached(Frozen):
    """Why a machine told nothing."""

    kind: UnreachedKind
    reason: str


class Os(Frozen):
    """From /etc/os-release and uname."""

    system: str = ""
    """`uname -s`; empty where even that failed."""
    id: str = ""
    like: tuple[str, ...] = ()
    version: str = ""
    pretty: str = ""


class Graphics(Frozen):
    """GPUs and the NVIDIA driver."""

    gpus: tuple[Gpu, ...] = ()
    pci: tuple[PciDisplay, ...] = ()
    driver: Literal["answers", "missing", "broken", "absent"] = "absent"
    """missing: an NVIDIA card and no driver; broken: a driver that does not answer; absent: neither."""
    message: str = ""
    """What nvidia-smi said, where it is broken."""


class Disk(Frozen):
    """Room under a path, on the file system of its nearest existing parent."""

    path: str
    mount: str
    free_bytes: int
    left_bytes: int = 0
    """What unfinished pulls left there, where it is a models folder and root could see it."""


class PortOwner(Frozen):
    """Who listens on the port; unknown parts are None (without root nobody is named)."""

    process: str | None = None
    pid: int | None = None
    unit: str | None = None
    container: str | None = None


class FoundOllama(Frozen):
    """What Ollama is already there."""

    kind: Literal["none", "ours", "unit", "docker", "process"] = "none"
    unit_path: str | None = None
    command: str | None = None
    """What is in the place of our command and is not ours."""
    models_dir: str | None = None
    container: str | None = None
    active: bool = False
    version: str | None = None
    """Answered on the port."""
    models: Mapping[str, ListedModel] | None = None
    """Listed on the port; None where nothing answered."""


class InterfaceAddress(Frozen):
    """An address with its prefix."""

    interface: str
    address: IPv4Interface | IPv6Interface


class LiveFile(Frozen):
    """A path as it is now; a missing one is not listed."""

    kind: str
    mode: str
    owner: str
    group: str
    size_bytes: int
    sha256: str | None


class LiveUnit(Frozen):
    """A systemd unit as it is now."""

    properties: Mapping[str, str]
    exe: str | None = None
    environment: Mapping[str, str] = {}
    """Of the running main process: Ollama's own variables only."""


class ListedModel(Frozen):
    """A model that the server lists."""

    digest: str
    size_bytes: int


class LiveModel(ListedModel):
    """The same, with what it was asked for."""

    num_ctx: int | None = None


class LedgerEntry(Frozen):
    """What the host remembers of a model that we made there."""

    base_digest: str
    digest: str


class Live(Frozen):
    """The live comparison's raw material; there only when it was asked for and root answered."""

    files: Mapping[str, LiveFile] = {}
    links: Mapping[str, str] = {}
    units: Mapping[str, LiveUnit] = {}
    texts: Mapping[str, str] = {}
    """Content of the small files that were asked for; one that cannot be read is not listed."""
    sizes: Mapping[str, int] = {}
    """Bytes of every file in the folders that were asked for."""
    nft_table: str | None = None
    models: Mapping[str, LiveModel] | None = None
    """None where the server did not answer."""
    ledger: Mapping[str, LedgerEntry] | None = None
    """None where there is none, or it cannot be read."""


class HostFacts(Frozen):
    """A host as it was seen."""

    os: Os = Os()
    arch: str = ""
    kernel: str = ""
    init: str | None = None
    systemd: int | None = None
    """Its version, only where it runs the machine."""
    package_manager: str | None = None
    python: str | None = None
    """Version of its python3."""
    user: str = ""
    groups: tuple[str, ...] = ()
    sudo: Literal["root", "nopasswd", "password", "none", "unknown"] = "unknown"
    sudo_says: str = ""
    graphics: Graphics = Graphics()
    driver: DriverFacts = DriverFacts()
    disks: Mapping[str, Disk] = {}
    ram_bytes: int | None = None
    port_taken: bool = False
    port_owner: PortOwner = PortOwner()
    ollama: FoundOllama = FoundOllama()
    firewalls: frozenset[FirewallManager] = frozenset()
    """Managers that are active."""
    clock_skew_s: float | None = None
    addresses: tuple[InterfaceAddress, ...] = ()
    default_interface: str | None = None
    reached_address: Address | None = None
    """The host's own address in the operator's SSH connection."""
    operator_address: Address | None = None
    """The operator as the host sees him."""
    nodename: str = ""
    fqdn: str = ""
    resolves: Mapping[str, bool] = {}
    archive_bytes: int | None = None
    """Size of the archive that it would fetch, where that is needed and the server tells; of one that the
    operator's machine provides, always, None where that is not there."""
    base_bytes: Mapping[str, int] = {}
    """Model to the size of its base at the registry, for models that are not there yet."""
    live: Live | None = None
