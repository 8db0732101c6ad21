"""Which driver a host gets: every system and age of card as data, every id of pci.ids by property."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from provision.drivercards import Refusal
from provision.driverfacts import Gpu
from provision.drivers import Decision, decide
from tests.unit.provision.cards import (
    CASES,
    GTX_1080,
    OLLAMA,
    RTX_4090,
    RTX_5090,
    TABLE,
    bare,
    chosen,
    refused,
)
from tests.unit.provision.test_drivertable import IDS

DATA = yaml.safe_load((CASES / "table.yaml").read_text())
ROWS = [
    (system, card, wanted)
    for row in DATA["rows"]
    for system in row["systems"]
    for card, wanted in row.items()
    if card != "systems"
]


@pytest.mark.parametrize(("system", "card", "wanted"), ROWS, ids=lambda value: str(value).replace(" ", "-"))
def test_a_system_and_a_card(system: str, card: str, wanted: str) -> None:
    kernel = DATA["kernels"].get(system.partition(" ")[0], "6.1.0")
    found = decide(bare(system, *DATA["cards"][card], kernel=kernel), TABLE, OLLAMA)
    if isinstance(found, Refusal):
        assert found.kind == wanted
    else:
        assert f"{found.branch} {found.flavour} {found.offer.origin} {found.offer.modules}" == wanted


def test_the_table_has_every_system_and_every_age() -> None:
    rows: dict[str, Any] = {system: row for row in DATA["rows"] for system in row["systems"]}
    ages = DATA["cards"].keys()
    for system in TABLE.systems:
        for name in system.ids:
            for version in system.versions:
                found = [row for key, row in rows.items() if key.startswith(f"{name} {version}")]
                assert found, f"{name} {version}"
                assert found[0].keys() - {"systems"} == ages


@pytest.mark.parametrize(
    "system", ["ubuntu 24.04", "debian 12", "debian 13", "rhel 9.4", "rocky 10.0", "fedora 44", "arch"]
)
def test_every_id_of_pci_ids_is_decided_or_refused_with_a_reason(system: str) -> None:
    kinds = set()
    for device in IDS:
        found = decide(bare(system, device), TABLE, OLLAMA)
        if isinstance(found, Refusal):
            kinds.add(found.kind)
            assert found.reason
            assert found.remedy
            continue
        assert (found.flavour == "open") == (device >= TABLE.open_from)
        assert found.branch >= OLLAMA.oldest_driver
        assert device >= TABLE.open_from or found.branch <= 580
        assert found.packages
        assert not any(sign in " ".join((*found.packages, *found.why)) for sign in "{}")
    assert kinds <= {"too old", "unknown card", "no driver", "unknown system"}
    assert {"too old", "unknown card"} <= kinds


@pytest.mark.parametrize("device", ["", "0x", "none", "0xffff", "0x10000", "-1"])
def test_an_id_that_is_none_is_refused_calmly(device: str) -> None:
    assert refused(bare("ubuntu 24.04", {"device": device})).reason


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ({"wsl": True, "container": "wsl"}, "wsl"),
        ({"jetson": True}, "jetson"),
        ({"container": "lxc"}, "container"),
        ({"cluster_driver": True}, "cluster"),
    ],
)
def test_a_machine_whose_driver_is_somebody_else_s(signs: dict[str, Any], kind: str) -> None:
    found = refused(bare("ubuntu 24.04", RTX_4090, **signs))
    assert found.kind == kind
    assert found.remedy


@pytest.mark.parametrize(
    ("card", "kind", "reason"),
    [
        ({"is_vgpu": True}, "vgpu", "needs a licensed driver"),
        ({"driver": "vfio-pci"}, "passed through", "vfio-pci"),
        ({"off_bus": True}, "off the bus", "fallen off the bus"),
        ({"vendor": "amd"}, "no card", "no NVIDIA GPU"),
        ({"pci_class": "0x068000"}, "no card", "no NVIDIA GPU"),
        ({"device": "0x1187"}, "too old", "10de:1187 (Kepler) or older is too old: Ollama"),
        ({"device": "0x3500"}, "unknown card", "maybe newer"),
    ],
)
def test_a_card_that_gets_no_driver(card: dict[str, Any], kind: str, reason: str) -> None:
    found = refused(bare("ubuntu 24.04", {"device": "0x2684", **card}))
    assert found.kind == kind
    assert reason in found.reason


def test_a_card_that_gets_none_is_named_where_another_gets_one() -> None:
    found = chosen(bare("ubuntu 24.04", {"device": "0x2684", "driver": "vfio-pci"}, RTX_5090))
    assert any("vfio-pci" in note and "the others go on" in note for note in found.notes)


def test_what_no_offer_suits_names_each_objection() -> None:
    found = refused(bare("debian 13", GTX_1080))
    assert "550 is too old, 10de:1b80 (Pascal) needs 570 here" in found.reason
    assert "595 is too new, 580 is the last that drives 10de:1b80 (Pascal)" in found.reason
    assert "Debian 12" in found.remedy


def test_another_processor_has_other_sources() -> None:
    assert chosen(bare("rocky 9.4", RTX_4090, arch="aarch64")).arch == "sbsa"
    assert "not for its processor (aarch64)" in refused(bare("debian 12", RTX_4090, arch="aarch64")).reason


def test_debian_s_own_driver_is_not_for_a_backported_kernel() -> None:
    assert chosen(bare("debian 13", RTX_4090, kernel="6.15.2+deb13-amd64")).branch == 550
    assert chosen(bare("debian 13", RTX_4090, kernel="7.3.4+deb13-amd64")).branch == 595


def modules(**driver: Any) -> Decision:
    return chosen(bare("ubuntu 24.04", RTX_4090, **driver))


def test_signed_modules_are_taken_where_the_archive_has_them_for_the_running_kernel() -> None:
    mine = "linux-modules-nvidia-580-server-open-6.8.0-45-generic"
    assert modules(prebuilt=(mine,)).offer.modules == "prebuilt"
    assert modules(prebuilt=("linux-modules-nvidia-580-open-6.8.0-45-generic",)).offer.modules == "dkms"
    assert modules(prebuilt=()).offer.modules == "dkms"
    unseen = modules(prebuilt=None)
    assert unseen.offer.modules == "prebuilt"
    assert any("could not be seen" in note for note in unseen.notes)


@pytest.mark.parametrize(
    ("kernel", "images", "flavours"),
    [
        ("6.8.0-45-generic", (), ["generic"]),
        (
            "6.17.0-14-generic",
            ("linux-image-generic-hwe-24.04", "linux-image-aws"),
            ["generic-hwe-24.04"],
        ),
        ("6.8.0-45-generic", ("linux-image-virtual",), ["generic"]),
        ("6.8.0-1021-aws", ("linux-image-aws", "linux-image-generic"), ["aws"]),
    ],
)
def test_the_next_kernels_get_their_modules_too(
    kernel: str, images: tuple[str, ...], flavours: list[str]
) -> None:
    found = chosen(bare("ubuntu 24.04", RTX_4090, kernel=kernel, kernel_images=images))
    prefix = "linux-modules-nvidia-580-server-open-"
    names = [name.removeprefix(prefix) for name in found.packages if name.startswith(prefix)]
    assert names == [kernel, *flavours]


def test_a_kernel_of_one_s_own_has_no_flavour() -> None:
    found = chosen(bare("debian 12", RTX_4090, kernel="6.18.1"))
    assert [name for name in found.packages if "headers" in name] == ["linux-headers-6.18.1"]


@pytest.mark.parametrize(
    ("system", "secure_boot", "enrols"),
    [
        ("ubuntu 24.04", "on", False),
        ("debian 12", "on", True),
        ("debian 12", "off", False),
        ("debian 12", "absent", False),
        ("debian 12", "unknown", None),
        ("fedora 44", "on", True),
    ],
)
def test_secure_boot_wants_a_person_where_modules_are_built_there(
    system: str, secure_boot: str, *, enrols: bool | None
) -> None:
    found = chosen(bare(system, RTX_4090, secure_boot=secure_boot))
    assert found.enrols_key is enrols
    assert ("the key is enrolled at the next start" in found.reboot) == (enrols is True)


def test_a_reboot_is_needed_for_a_reason_alone() -> None:
    assert chosen(bare("ubuntu 24.04", RTX_4090)).reboot == ()
    nouveau = chosen(bare("ubuntu 24.04", {"device": "0x2684", "driver": "nouveau"}))
    assert (nouveau.blacklists_nouveau, nouveau.reboot) == (True, ("nouveau has the card now",))
    loaded = chosen(bare("ubuntu 24.04", RTX_4090, loaded="535.309.01"))
    assert loaded.reboot == ("driver 535.309.01 is loaded now",)


def package(name: str, version: str, origin: str = "system") -> dict[str, str]:
    return {"name": name, "version": version, "origin": origin}


def test_what_is_of_another_branch_or_source_goes_first_and_is_named() -> None:
    there = (
        package("nvidia-driver", "535.309.01-1"),
        package("libcuda1", "580.95.05-1", "nvidia"),
        package("nvidia-kernel-common", "20240109+1"),
    )
    found = chosen(bare("debian 12", RTX_4090, packages=there, run_file=True))
    assert found.replaces == ("nvidia-driver",)
    assert found.removes_run_file
    assert any("nvidia-driver 535.309.01-1 (the distribution's)" in note for note in found.notes)
    assert any(".run" in note for note in found.notes)


def test_modules_have_their_branch_in_the_name() -> None:
    there = (
        package("linux-modules-nvidia-580-server-open-6.8.0-45-generic", "6.8.0-45.45"),
        package("linux-modules-nvidia-535-server-generic", "6.8.0-45.45"),
    )
    assert modules(packages=there).replaces == ("linux-modules-nvidia-535-server-generic",)


def test_switches_instances_and_unread_checksums_are_noted() -> None:
    facts = bare("debian 12", RTX_4090, nvswitches=4)
    gpu = Gpu(name="A100", uuid="GPU-1", memory_mib=40960, driver="535.1", mig=True)
    graphics = facts.graphics.model_copy(update={"gpus": (gpu,)})
    notes = "\n".join(chosen(facts.model_copy(update={"graphics": graphics})).notes)
    for said in ("fabric manager", "MIG is on", "checksum of cuda-keyring_1.1-1_all.deb"):
        assert said in notes
