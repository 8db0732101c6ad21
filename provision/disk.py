"""How many bytes a host will fetch and needs room for. Pure; preflight and plan share it."""

from __future__ import annotations

from provision.catalogue import Catalogue, full_name
from provision.facts import HostFacts
from provision.hostvars import MODELS_DIR
from provision.model import Frozen
from provision.site import Host, Site

PREFIX = "/opt"
GIB = 1024**3
MARGIN_BYTES = GIB


class DiskNeed(Frozen):
    """Bytes for one host."""

    archive_bytes: int
    unpacked_bytes: int
    models_bytes: int
    models_dir: str
    missing: tuple[str, ...]
    """Models that have to be fetched."""
    estimated: bool
    """Whether the catalogue's sizes stand in for sizes that the source did not tell."""

    @property
    def fetch_bytes(self) -> int:
        return self.archive_bytes + self.models_bytes

    @property
    def by_path(self) -> dict[str, int]:
        """What each place needs; the archive lies beside what is unpacked from it."""
        return {PREFIX: self.archive_bytes + self.unpacked_bytes, self.models_dir: self.models_bytes}


def _archive(host_arch: str, site: Site, catalogue: Catalogue, facts: HostFacts) -> tuple[int, bool]:
    pinned = catalogue.ollama.archives.get(host_arch)
    known = pinned.size_bytes if pinned else None
    override = {str(arch): source for arch, source in site.ollama.archives.items()}.get(host_arch)
    if facts.archive_bytes is not None:
        return facts.archive_bytes, False
    if override is None and known is not None:
        return known, False
    sizes = [archive.size_bytes for archive in catalogue.ollama.archives.values() if archive.size_bytes]
    return max(sizes, default=0), True


def models_there(facts: HostFacts) -> frozenset[str]:
    """Models that the host has: by its server's word, or where that is stopped by what it remembers of us."""
    if facts.ollama.models is not None:
        return frozenset(facts.ollama.models)
    ledger = facts.live.ledger if facts.live is not None else None
    return frozenset(full_name(name) for name in ledger or ())


def _models_dir(host: Host, facts: HostFacts) -> str:
    """Where the models lie or will lie; what a server of ours or an adopted one has stays where it is."""
    kept = facts.ollama.kind == "ours" or (facts.ollama.kind == "unit" and host.existing_ollama == "adopt")
    return (facts.ollama.models_dir if kept else None) or MODELS_DIR


def disk_need(host: Host, site: Site, catalogue: Catalogue, facts: HostFacts) -> DiskNeed:
    """What is missing on the host and how big it is, by the source's own word where it gave one."""
    there = models_there(facts)
    missing = tuple(name for name in host.served if full_name(name) not in there)
    models_bytes, estimated = 0, False
    for name in missing:
        model = catalogue.model(name)
        if full_name(model.base) in there:
            continue
        told = facts.base_bytes.get(full_name(name))
        estimated = estimated or told is None
        models_bytes += model.size_bytes if told is None else told
    # A server of ours that is stopped says no version; what it was installed as is found out in passing.
    installed = facts.ollama.kind == "ours" and facts.ollama.version in {catalogue.ollama.version, None}
    archive_bytes = unpacked_bytes = 0
    if not installed:
        archive_bytes, guessed = _archive(facts.arch, site, catalogue, facts)
        estimated = estimated or guessed
        archives = catalogue.ollama.archives.values()
        upstream = max((archive.size_bytes or 0 for archive in archives), default=0)
        unpacked = catalogue.ollama.unpacked_gib * GIB
        unpacked_bytes = int(unpacked * archive_bytes / upstream) if upstream else int(unpacked)
    models_dir = _models_dir(host, facts)
    disk = facts.disks.get(models_dir)
    # What is not taken up again by a pull, Ollama clears away when it starts.
    left_bytes = disk.left_bytes if disk is not None else 0
    return DiskNeed(
        archive_bytes=archive_bytes,
        unpacked_bytes=unpacked_bytes,
        models_bytes=max(0, models_bytes - left_bytes),
        models_dir=models_dir,
        missing=missing,
        estimated=estimated,
    )


def shortfalls(need: DiskNeed, facts: HostFacts) -> tuple[tuple[str, int, int], ...]:
    """File systems that are too small: mount, needed with a margin, free; unknown room counts as enough."""
    by_mount: dict[str, tuple[int, int]] = {}
    for path, needed in need.by_path.items():
        disk = facts.disks.get(path)
        if disk is not None and needed:
            before = by_mount.get(disk.mount, (MARGIN_BYTES, 0))[0]
            by_mount[disk.mount] = (before + needed, disk.free_bytes)
    return tuple((mount, needed, free) for mount, (needed, free) in by_mount.items() if needed > free)
