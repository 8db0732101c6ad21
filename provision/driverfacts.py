"""What a host shows of its NVIDIA cards and of what a driver for them has to stand on."""

from __future__ import annotations

import re
from typing import Literal

from provision.model import Frozen

DriverOrigin = Literal["system", "nvidia", "rpmfusion"]
"""Who made a package: the distribution, NVIDIA, RPM Fusion."""

GPU_CLASSES = ("0x0300", "0x0302")
"""VGA and 3D controllers."""
_HEX = re.compile(r"(0x)?[0-9a-fA-F]+")
_BRANCH_IN_NAME = re.compile(r"-(\d{3})(?=-|$)")
_BRANCH_IN_VERSION = re.compile(r"(?:\d+:)?(\d{3})\.")


class Gpu(Frozen):
    """One that the driver answers for."""

    name: str
    uuid: str
    memory_mib: int | None
    driver: str
    mig: bool = False
    """Whether it is divided into instances."""


class PciDisplay(Frozen):
    """A display or 3D controller, seen without a driver."""

    slot: str
    vendor: str
    """`nvidia`, `amd`, `intel`, or the PCI id."""
    device: str
    driver: str | None
    pci_class: str = ""
    """Six hex digits with 0x; empty where it was not told."""
    is_vgpu: bool | None = None
    """Whether a hypervisor made it; None where that could not be read (it needs root)."""
    off_bus: bool = False
    """It stood on the bus at boot and does not answer any more."""

    @property
    def is_nvidia_gpu(self) -> bool:
        """Whether it is a card of NVIDIA's; one whose class was not told is taken for one."""
        return self.vendor == "nvidia" and self.pci_class.startswith(GPU_CLASSES if self.pci_class else "")

    @property
    def device_id(self) -> int:
        """The PCI device id; 0 where that is no number."""
        return int(self.device, 16) if _HEX.fullmatch(self.device) else 0


class DriverPackage(Frozen):
    """An installed package that belongs to an NVIDIA driver."""

    name: str
    version: str
    origin: DriverOrigin

    @property
    def branch(self) -> int | None:
        """The driver's branch, by the name where that has one: modules carry the kernel's version.

        None where neither tells one; such a package fits every driver.
        """
        found = _BRANCH_IN_NAME.search(self.name) or _BRANCH_IN_VERSION.match(self.version)
        return int(found.group(1)) if found else None


class DriverFacts(Frozen):
    """What decides about a driver, beside the cards, the system and the kernel."""

    secure_boot: Literal["on", "off", "absent", "unknown"] = "unknown"
    """absent: it was not started by UEFI."""
    container: str = ""
    """What kind, where it is one."""
    wsl: bool = False
    jetson: bool = False
    cluster_driver: bool = False
    """Kubernetes' GPU Operator brings the driver there."""
    nvswitches: int = 0
    packages: tuple[DriverPackage, ...] = ()
    run_file: bool = False
    """Whether NVIDIA's .run installer was used; its packages nobody knows."""
    loaded: str | None = None
    """Version of the kernel module that runs."""
    kernel_images: tuple[str, ...] = ()
    """Installed packages `linux-image-…` without a version: they bring the next kernels."""
    prebuilt: tuple[str, ...] | None = None
    """Packages with built modules for the running kernel; None where apt's lists know none for any kernel."""
