"""Hosts with NVIDIA cards and no driver, for the tests of what they get."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provision.catalogue import load_catalogue
from provision.drivercards import Refusal
from provision.drivers import Decision, decide
from provision.drivertable import load_driver_table
from provision.facts import HostFacts

CASES = Path(__file__).parents[2] / "cases" / "drivers"
TABLE = load_driver_table()
OLLAMA = load_catalogue().ollama
RTX_4090, GTX_1080, RTX_5090 = 0x2684, 0x1B80, 0x2B85
KERNELS = {
    "ubuntu": "6.8.0-45-generic",
    "debian": "6.12.118+deb13-amd64",
    "fedora": "6.19.3-300.fc44.x86_64",
}


def bare(
    system: str, *cards: int | dict[str, Any], kernel: str = "", arch: str = "x86_64", **driver: Any
) -> HostFacts:
    """A host by its system (`ubuntu 24.04`), its cards (ids, or a PciDisplay's keys), its DriverFacts."""
    name, _, version = system.partition(" ")
    return HostFacts.model_validate(
        {
            "os": {"system": "Linux", "id": name, "version": version, "pretty": system.title()},
            "arch": arch,
            "kernel": kernel or KERNELS.get(name, "5.14.0-503.el9.x86_64"),
            "graphics": {"driver": "missing", "pci": displays(cards)},
            "driver": {"secure_boot": "off", **driver},
        }
    )


def displays(cards: Sequence[int | dict[str, Any]]) -> list[dict[str, Any]]:
    """As the survey reports them."""
    found = []
    for number, card in enumerate(cards):
        more = {"device": f"{card:#06x}"} if isinstance(card, int) else card
        one = {"slot": f"0000:0{number}:00.0", "vendor": "nvidia", "driver": None, "pci_class": "0x030000"}
        found.append({**one, **more})
    return found


def chosen(facts: HostFacts) -> Decision:
    decision = decide(facts, TABLE, OLLAMA)
    assert isinstance(decision, Decision), decision
    return decision


def refused(facts: HostFacts) -> Refusal:
    decision = decide(facts, TABLE, OLLAMA)
    assert isinstance(decision, Refusal), decision
    return decision
