"""The table of drivers holds together, and its ids are those of pci.ids."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from provision.drivertable import Offer
from tests.unit.provision.cards import CASES, OLLAMA, TABLE

IDS = {
    int(line[:4], 16): line[4:].strip()
    for line in (CASES / "nvidia.ids").read_text(encoding="utf-8").splitlines()
    if re.match(r"[0-9a-f]{4} ", line)
}
CODENAMES = {
    "GK": "Kepler",
    "GM": "Maxwell",
    "GP": "Pascal",
    "GV": "Volta",
    "TU": "Turing",
    "GA": "Ampere",
    "AD": "Ada",
    "GH": "Hopper",
    "GB": "Blackwell",
    "GR": "Rubin",
}
CODENAME = re.compile(r"([A-Z]{2})\d[0-9A-F]\w*(?: |$)")
NO_GPU = re.compile(r"Audio|NVSwitch|USB|UCSI|Controller|Bridge")


def codenamed() -> dict[int, str]:
    """Ids of GPUs whose name begins with a chip's, and that chip's generation."""
    found = {}
    for device, name in IDS.items():
        match = CODENAME.match(name)
        if match and match.group(1) in CODENAMES and not NO_GPU.search(name):
            found[device] = CODENAMES[match.group(1)]
    return found


def test_every_chip_that_pci_ids_names_has_its_generation() -> None:
    wrong = {}
    for device, title in codenamed().items():
        known = TABLE.architecture(device)
        if known is None or known.title != title:
            wrong[f"{device:04x} {IDS[device]}"] = known and known.title
    assert wrong == {}
    assert len(codenamed()) > 600


def test_the_ranges_do_not_overlap_and_name_generations() -> None:
    ends = sorted((first, last) for first, last, _ in TABLE.device_ids)
    assert all(first <= last for first, last in ends)
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert {name for _, _, name in TABLE.device_ids} == TABLE.architectures.keys()


def test_the_open_modules_begin_where_the_table_says() -> None:
    for first, last, name in TABLE.device_ids:
        if TABLE.architectures[name].open:
            assert first >= TABLE.open_from
        else:
            assert last < TABLE.open_from


def offers() -> list[Offer]:
    return [offer for system in TABLE.systems for offer in system.offers]


def test_every_branch_that_is_offered_is_explained_and_used_by_ollama() -> None:
    assert {offer.branch for offer in offers()} == TABLE.branches.keys()
    assert min(TABLE.branches) >= OLLAMA.oldest_driver
    assert TABLE.newest_production_branch == max(TABLE.branches)


@pytest.mark.parametrize("offer", offers(), ids=lambda one: f"{one.source} {one.branch} {one.modules}")
def test_an_offer_has_both_flavours_and_a_key_where_modules_are_built(offer: Offer) -> None:
    assert offer.packages.keys() == {"open", "proprietary"}
    assert (offer.owner_key is None) == (offer.modules == "prebuilt")
    if offer.origin == "nvidia":
        assert offer.pins or offer.keep
        assert offer.repository is not None


@pytest.mark.parametrize(
    ("system", "version", "known"),
    [
        ("ubuntu", "24.04", True),
        ("ubuntu", "24.10", False),
        ("debian", "13", True),
        ("debian", "", False),
        ("rocky", "9.4", True),
        ("almalinux", "10", True),
        ("rhel", "8.9", False),
        ("centos", "9", False),
        ("fedora", "45", True),
    ],
)
def test_a_system_is_known_by_its_release(system: str, version: str, *, known: bool) -> None:
    assert (TABLE.system(system, version) is not None) == known


def test_systems_are_named_once_each() -> None:
    assert TABLE.known_systems.startswith("Ubuntu 22.04/24.04/26.04, Debian 12/13, RHEL 9/10,")
