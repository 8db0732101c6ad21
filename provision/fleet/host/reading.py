"""From the text that look.sh prints to HostFacts; pure, and calm about anything it does not find."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_interface
from typing import Any

from provision.facts import (
    Address,
    Disk,
    FoundOllama,
    Gpu,
    Graphics,
    HostFacts,
    InterfaceAddress,
    ListedModel,
    Os,
    PciDisplay,
    PortOwner,
)
from provision.fleet.host.living import read_live
from provision.rolevars import FirewallManager

KIB = 1024
VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel", "0x106b": "apple"}
_UNIT = re.compile(r"/([^/\s]+\.service)(?=/|\s|$)")
_CONTAINER = re.compile(r"(?:docker|libpod|cri-containerd)[-/]([0-9a-f]{12,64})")


class Answer:
    """The text as values and blocks."""

    def __init__(self, text: str) -> None:
        self.values: dict[str, list[str]] = {}
        self.blocks: dict[str, list[str]] = {}
        block: list[str] = []
        for line in text.splitlines():
            if line.startswith(" "):
                block.append(line[1:])
            elif line.endswith(":") and "=" not in line:
                block = self.blocks.setdefault(line[:-1], [])
            elif "=" in line:
                key, value = line.split("=", 1)
                self.values.setdefault(key, []).append(value.strip())

    def one(self, key: str) -> str:
        """The value, or an empty text."""
        return self.values.get(key, [""])[0]

    def number(self, key: str) -> int | None:
        value = self.one(key)
        return int(value) if value.lstrip("-").isdigit() else None

    def many(self, key: str) -> list[str]:
        return self.values.get(key, [])

    def block(self, key: str) -> list[str]:
        return self.blocks.get(key, [])


def _settings(lines: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in lines:
        key, found, value = line.partition("=")
        if found:
            try:
                pairs[key.strip()] = " ".join(shlex.split(value))
            except ValueError:
                pairs[key.strip()] = value
    return pairs


def _os(answer: Answer) -> Os:
    release = _settings(answer.block("os_release"))
    return Os(
        system=answer.one("system"),
        id=release.get("ID", ""),
        like=tuple(release.get("ID_LIKE", "").split()),
        version=release.get("VERSION_ID", ""),
        pretty=release.get("PRETTY_NAME", ""),
    )


def _graphics(answer: Answer) -> Graphics:
    pci = []
    for line in answer.many("pci"):
        slot, vendor, device, *driver = line.split()
        pci.append(
            PciDisplay(
                slot=slot,
                vendor=VENDORS.get(vendor, vendor),
                device=device,
                driver=driver[0] if driver else None,
            )
        )
    gpus = []
    said = [line for line in answer.block("nvidia_smi") if line.strip()]
    if answer.number("nvidia_smi_rc") == 0:
        for line in said:
            cells = [cell.strip() for cell in line.split(",")]
            if len(cells) == 4:  # noqa: PLR2004 - as asked for in look.sh
                memory = int(cells[2]) if cells[2].isdigit() else None
                gpus.append(Gpu(name=cells[0], uuid=cells[1], memory_mib=memory, driver=cells[3]))
    has_driver = bool(answer.one("nvidia_smi_rc") or answer.one("nvidia_module"))
    has_card = any(device.vendor == "nvidia" for device in pci)
    message = " ".join(said) if has_driver and not gpus else ""
    if gpus:
        return Graphics(gpus=tuple(gpus), pci=tuple(pci), driver="answers")
    if has_driver and (has_card or answer.number("nvidia_smi_rc") != 0):
        return Graphics(pci=tuple(pci), driver="broken", message=message or "it lists no GPU")
    return Graphics(pci=tuple(pci), driver="missing" if has_card else "absent")


def _disks(answer: Answer) -> dict[str, Disk]:
    disks = {}
    for line in answer.many("disk"):
        words = line.split()
        if len(words) >= 7 and words[4].isdigit():  # noqa: PLR2004 - path, then the six columns of df -P
            disks[words[0]] = Disk(path=words[0], mount=" ".join(words[6:]), free_bytes=int(words[4]) * KIB)
    return disks


def _container(cgroup: str, answer: Answer, *, process: str) -> str | None:
    match = _CONTAINER.search(cgroup)
    for line in answer.block("docker"):
        identity, name, image, *ports = [*line.split(), "", ""]
        published = process == "docker-proxy" and any("->" in part for part in ports) and "ollama" in image
        if published or (match and identity.startswith(match.group(1))):
            return name
    return match.group(1)[:12] if match else None


def _port_owner(answer: Answer) -> PortOwner:
    process = answer.one("port_process") or None
    pid = answer.number("port_pid")
    cgroup = "\n".join(answer.block("port_cgroup"))
    servers = answer.many("ollama_process")
    if process is None and answer.one("api_version") and len(servers) == 1:
        # Nobody may be named for a sandboxed process, but it answers as Ollama and there is one Ollama.
        number, _, cgroup = servers[0].partition(" ")
        process, pid = "ollama", int(number)
    unit = _UNIT.findall(cgroup)
    return PortOwner(
        process=process,
        pid=pid,
        unit=unit[-1] if unit else None,
        container=_container(cgroup, answer, process=process or ""),
    )


def _json(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _listed(answer: Answer) -> dict[str, ListedModel] | None:
    models = _json(answer.one("api_tags")).get("models")
    if not isinstance(models, list):
        return None
    return {
        model["name"]: ListedModel(digest=model["digest"], size_bytes=model["size"])
        for model in models
        if {"name", "digest", "size"} <= set(model)
    }


def _sources(answer: Answer) -> tuple[int | None, dict[str, int]]:
    """Sizes at the source: of the archive, and of each base by its manifest's layers."""
    archive = None
    bases = {}
    for line in answer.block("sources"):
        name, _, said = line.partition(">")
        if name == "archive":
            archive = int(said) if said.isdigit() else None
            continue
        layers = [*_json(said).get("layers", ()), _json(said).get("config") or {}]
        if len(layers) > 1:
            bases[name] = sum(int(layer.get("size", 0)) for layer in layers)
    return archive, bases


def _ollama(answer: Answer, owner: PortOwner) -> FoundOllama:
    unit = _settings(answer.block("ollama_unit"))
    environment = _settings(line.strip('"') for line in answer.block("ollama_environment"))
    said = _json(answer.one("api_version")).get("version")
    version = said if isinstance(said, str) else None
    found: dict[str, Any] = {
        "version": version,
        "models_dir": environment.get("OLLAMA_MODELS"),
        "models": _listed(answer),
    }
    if unit.get("LoadState") == "loaded":
        kind = "ours" if answer.block("ollama_marker") else "unit"
        active = unit.get("ActiveState") in {"active", "activating", "reloading"}
        return FoundOllama(kind=kind, unit_path=unit.get("FragmentPath"), active=active, **found)
    is_ollama = version is not None or owner.process == "ollama"
    if owner.container and is_ollama:
        return FoundOllama(kind="docker", container=owner.container, active=True, **found)
    for line in answer.block("docker"):
        identity, name, image, *_ = [*line.split(), "", ""]
        if "ollama" in image.lower():
            return FoundOllama(kind="docker", container=name or identity[:12], active=True, **found)
    if is_ollama or answer.many("ollama_process"):
        return FoundOllama(kind="process", active=True, **found)
    return FoundOllama()


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
    owner = _port_owner(seen)
    connection = [*seen.one("ssh_connection").split(), "", "", ""]
    route = " ".join([*seen.block("routes"), *seen.block("routes6")]).split()
    ram_kib = seen.number("ram_kib")
    ollama = _ollama(seen, owner)
    archive_bytes, base_bytes = _sources(seen)
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
            "graphics": _graphics(seen),
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
