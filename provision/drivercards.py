"""Which of a host's NVIDIA cards a driver can be chosen for, and why not for the others. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from provision.catalogue import OllamaRelease
from provision.driverfacts import DriverFacts, PciDisplay
from provision.drivertable import Architecture, DriverTable, Flavour
from provision.model import Frozen

RefusalKind = Literal[
    "wsl",
    "jetson",
    "container",
    "cluster",
    "no card",
    "off the bus",
    "passed through",
    "vgpu",
    "too old",
    "unknown card",
    "mixed cards",
    "unknown system",
    "no driver",
]


class Refusal(Frozen):
    """Why no driver is installed there, and what to do instead."""

    kind: RefusalKind
    reason: str
    remedy: str


class Card(Frozen):
    """A card that a driver can be chosen for."""

    shown: str
    device_id: int
    architecture: Architecture


NO_CARD = Refusal(
    kind="no card",
    reason="it shows no NVIDIA GPU on its PCI bus",
    remedy="seat it, enable `Above 4G decoding` in its firmware, or hand the card to the virtual machine",
)


def elsewhere(driver: DriverFacts) -> Refusal | None:
    """Machines whose driver is somebody else's business."""
    if driver.wsl:
        return Refusal(
            kind="wsl",
            reason="it is WSL: its driver comes from Windows, and one installed in Linux would hide that",
            remedy="install or update NVIDIA's driver in Windows, then `wsl --shutdown` there",
        )
    if driver.jetson:
        return Refusal(
            kind="jetson",
            reason="it is a Jetson: its driver is a part of JetPack",
            remedy="update JetPack by NVIDIA's guide",
        )
    if driver.container:
        return Refusal(
            kind="container",
            reason=f"it is a container ({driver.container}): its kernel belongs to the machine beneath",
            remedy="install the driver on the machine beneath and hand the card in, or name that machine",
        )
    if driver.cluster_driver:
        return Refusal(
            kind="cluster",
            reason="Kubernetes' GPU Operator brings its driver",
            remedy="mend that one (`kubectl get pods -n gpu-operator`), never install a second",
        )
    return None


def sorted_out(
    devices: Iterable[PciDisplay], table: DriverTable, ollama: OllamaRelease
) -> tuple[tuple[Card, ...], tuple[Refusal, ...]]:
    """The cards to choose a driver for, and why none is chosen for the others."""
    found = [_judged(device, table, ollama) for device in devices if device.is_nvidia_gpu]
    cards = tuple(one for one in found if isinstance(one, Card))
    return cards, tuple(one for one in found if isinstance(one, Refusal))


def _judged(device: PciDisplay, table: DriverTable, ollama: OllamaRelease) -> Card | Refusal:
    """The card, or why no driver is chosen for it."""
    number = device.device_id
    known = table.architecture(number)
    name = f"10de:{number:04x}" + (f" ({known.title})" if known else "")
    if device.off_bus:
        return Refusal(
            kind="off the bus",
            reason=f"its card {name} at {device.slot} has fallen off the bus",
            remedy="switch the machine off and on; if it comes back, see to the card's power cables and seat",
        )
    if device.driver == "vfio-pci":
        return Refusal(
            kind="passed through",
            reason=f"its card {name} at {device.slot} is handed to virtual machines (vfio-pci)",
            remedy="name the virtual machine that has the card, or give the card back to this one",
        )
    if device.is_vgpu:
        return Refusal(
            kind="vgpu",
            reason=f"its card {name} at {device.slot} is a vGPU, which needs a licensed driver of its own",
            remedy="install the guest driver that belongs to the hypervisor's vGPU release",
        )
    if known is None:
        is_new = number >= table.open_from
        return Refusal(
            kind="unknown card",
            reason=f"its card {name} is not known here, {'maybe newer' if is_new else 'and old'}",
            remedy="if it is a GPU, install NVIDIA's newest production branch "
            f"({table.newest_production_branch} or newer) with the open modules by NVIDIA's guide; a driver "
            "that answers is used"
            if is_new
            else "use another card; a driver that answers is used",
        )
    if known.capability < ollama.oldest_capability:
        return Refusal(
            kind="too old",
            reason=f"its card {name} or older is too old: Ollama {ollama.version} needs compute capability "
            f"{ollama.oldest_capability}",
            remedy="use a newer card",
        )
    return Card(shown=name, device_id=number, architecture=known)


def common_flavour(cards: Iterable[Card]) -> Flavour | None:
    """The modules that drive every card; open where they can."""
    if all(card.architecture.open for card in cards):
        return "open"
    return "proprietary" if all(card.architecture.proprietary for card in cards) else None


def mixed(cards: Iterable[Card]) -> Refusal:
    return Refusal(
        kind="mixed cards",
        reason=f"no driver drives both {shown(cards)}: the older needs the proprietary modules, "
        "the newer the open ones",
        remedy="take one of them out, or hand it to a virtual machine",
    )


def shown(cards: Iterable[Card]) -> str:
    return " and ".join(dict.fromkeys(card.shown for card in cards))
