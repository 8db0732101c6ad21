"""The cards that a host shows and what a driver for them stands on, from what cards.sh prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from provision.driverfacts import DriverFacts, DriverOrigin, DriverPackage, Gpu, PciDisplay
from provision.facts import Graphics
from provision.fleet.host.answer import Answer

VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel", "0x106b": "apple"}
_PACKAGE = re.compile(r"[A-Za-z0-9][\w.+-]*")
_VERSION = re.compile(r"[\w.+:~-]+")
_MODULE = re.compile(r"Kernel Module\s+(?:for \S+\s+)?(\d+\.[\d.]+)")
_CAPABILITIES_AT = 0x34
_VENDOR_SPECIFIC = 0x09
_MOST_CAPABILITIES = 48


def read_graphics(answer: Answer) -> Graphics:
    """The GPUs, and what state NVIDIA's driver is in."""
    pci = tuple(_displays(answer))
    gpus = []
    said = [line for line in answer.block("nvidia_smi") if line.strip()]
    divided = [line.strip() == "Enabled" for line in answer.block("nvidia_mig")]
    if answer.number("nvidia_smi_rc") == 0:
        for number, line in enumerate(said):
            cells = [cell.strip() for cell in line.split(",")]
            if len(cells) == 4:  # noqa: PLR2004 - as asked for in cards.sh
                gpus.append(
                    Gpu(
                        name=cells[0],
                        uuid=cells[1],
                        memory_mib=int(cells[2]) if cells[2].isdigit() else None,
                        driver=cells[3],
                        mig=number < len(divided) and divided[number],
                    )
                )
    has_driver = bool(answer.one("nvidia_smi_rc") or answer.one("nvidia_module"))
    has_card = any(device.is_nvidia_gpu for device in pci)
    message = " ".join(said) if has_driver and not gpus else ""
    if gpus:
        return Graphics(gpus=tuple(gpus), pci=pci, driver="answers")
    if has_driver and (has_card or answer.number("nvidia_smi_rc") != 0):
        return Graphics(pci=pci, driver="broken", message=message or "it lists no GPU")
    return Graphics(pci=pci, driver="missing" if has_card else "absent")


def _displays(answer: Answer) -> Iterator[PciDisplay]:
    classes = dict(line.split()[:2] for line in answer.many("pci_class") if " " in line)
    configs = dict(line.split()[:2] for line in answer.many("pci_config") if " " in line)
    for line in answer.many("pci"):
        slot, vendor, device, *driver = line.split()
        config = _bytes(configs.get(slot, ""))
        yield PciDisplay(
            slot=slot,
            vendor=VENDORS.get(vendor, vendor),
            device=device,
            driver=driver[0] if driver else None,
            pci_class=classes.get(slot, ""),
            is_vgpu=_is_vgpu(config),
            off_bus=bool(config) and set(config) == {0xFF},
        )


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _is_vgpu(config: bytes) -> bool | None:
    """Whether a vendor-specific capability says `VF`, as NVIDIA's hypervisors mark a vGPU.

    So read by NVIDIA's own device plugin for Kubernetes (internal/vgpu/vgpu.go).
    None where only the first 64 bytes could be read, which hold no capability.
    """
    if len(config) <= 64:  # noqa: PLR2004 - the header of every device
        return None
    at = config[_CAPABILITIES_AT]
    for _ in range(_MOST_CAPABILITIES):
        if at < 64 or at + 5 > len(config):  # noqa: PLR2004 - as above
            return False
        if config[at] == _VENDOR_SPECIFIC and config[at + 3 : at + 5] == b"VF":
            return True
        at = config[at + 1]
    return False


def read_driver(answer: Answer) -> DriverFacts:
    """What a driver stands on there."""
    module = _MODULE.search(answer.one("nvidia_module"))
    container = answer.one("container")
    return DriverFacts(
        secure_boot=_secure_boot(answer.one("secure_boot")),
        container="" if container in {"none", "wsl"} else container,
        wsl=answer.one("wsl") == "yes" or container == "wsl",
        jetson=answer.one("jetson") == "yes",
        cluster_driver=answer.one("cluster_driver") == "yes",
        nvswitches=len(answer.many("nvswitch")),
        packages=tuple(_installed(answer)),
        run_file=answer.one("run_file") == "yes",
        loaded=module.group(1) if module else None,
        kernel_images=tuple(name for name in answer.block("kernel_images") if _PACKAGE.fullmatch(name)),
        prebuilt=_prebuilt(answer),
    )


def _secure_boot(said: str) -> Literal["on", "off", "absent", "unknown"]:
    match said:
        case "1":
            return "on"
        case "0":
            return "off"
        case "absent":
            return "absent"
        case _:
            return "unknown"


def _installed(answer: Answer) -> Iterator[DriverPackage]:
    """Only names and versions that are such: they go into commands, and before a person."""
    for line in answer.block("driver_packages"):
        name, version, maker = [*line.split("|"), "", ""][:3]
        if _PACKAGE.fullmatch(name) and _VERSION.fullmatch(version):
            yield DriverPackage(name=name, version=version, origin=_origin(maker))


def _origin(maker: str) -> DriverOrigin:
    """By a package's maintainer or vendor."""
    maker = maker.lower()
    if "@nvidia.com" in maker or maker.startswith("nvidia"):
        return "nvidia"
    return "rpmfusion" if "rpm fusion" in maker else "system"


def _prebuilt(answer: Answer) -> tuple[str, ...] | None:
    if answer.one("prebuilt_known") != "yes":
        return None
    return tuple(name for name in answer.block("prebuilt") if _PACKAGE.fullmatch(name))
