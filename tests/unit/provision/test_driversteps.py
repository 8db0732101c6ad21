"""The advice as a person reads it, whole, for every system; its commands are sh that does what it says."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from provision.driversteps import BLACKLIST, PREFERENCES, SOURCES, advice, steps
from provision.drivertable import Repository
from tests.unit.provision.cards import CASES, GTX_1080, RTX_4090, RTX_5090, bare, chosen

NOUVEAU = {"device": "0x2684", "driver": "nouveau"}
OLD = {
    "packages": [{"name": "nvidia-driver", "version": "535.309.01-1", "origin": "system"}],
    "loaded": "535.309.01",
}
SITUATIONS: dict[str, tuple[str, int | dict[str, Any], dict[str, Any]]] = {
    "ubuntu": ("ubuntu 24.04", NOUVEAU, {"secure_boot": "on", "kernel_images": ("linux-image-generic",)}),
    "ubuntu-dkms": (
        "ubuntu 26.04",
        GTX_1080,
        {"secure_boot": "on", "prebuilt": (), "kernel": "7.0.0-44-generic"},
    ),
    "debian12": (
        "debian 12",
        GTX_1080,
        {"secure_boot": "unknown", "run_file": True, "kernel": "6.1.0-47-amd64", **OLD},
    ),
    "debian13": ("debian 13", RTX_4090, {"secure_boot": "on"}),
    "debian13-blackwell": ("debian 13", RTX_5090, {}),
    "rhel9": ("rhel 9.4", RTX_4090, {"secure_boot": "on"}),
    "rocky10": ("rocky 10.1", GTX_1080, {"kernel": "6.12.0-55.el10.x86_64"}),
    "fedora": ("fedora 44", RTX_5090, {"secure_boot": "on"}),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_advice_is_as_it_was_read(name: str) -> None:
    system, card, driver = SITUATIONS[name]
    said = advice(chosen(bare(system, card, **driver)), "gpu.local")
    assert said + "\n" == (CASES / "advice" / f"{name}.txt").read_text(encoding="utf-8")


def test_every_advice_is_tested() -> None:
    assert {path.stem for path in (CASES / "advice").iterdir()} == SITUATIONS.keys()


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_command_is_one_line_of_sh(name: str) -> None:
    system, card, driver = SITUATIONS[name]
    for command in steps(chosen(bare(system, card, **driver))):
        assert "\n" not in command
        subprocess.run(["sh", "-n"], input=command, text=True, check=True)


@pytest.mark.parametrize(
    ("name", "path", "lines"),
    [
        ("debian12", PREFERENCES, ["Pin: version 580.*", "Pin-Priority: 1001"]),
        ("debian13-blackwell", PREFERENCES, ["Pin: version 595.*"]),
        ("ubuntu", BLACKLIST, ["blacklist nouveau", "options nouveau modeset=0"]),
    ],
)
def test_the_files_have_these_lines(tmp_path: Path, name: str, path: str, lines: list[str]) -> None:
    system, card, driver = SITUATIONS[name]
    (command,) = (one for one in steps(chosen(bare(system, card, **driver))) if one.endswith(f"> {path}"))
    subprocess.run(["sh", "-c", command.replace(path, str(tmp_path / "file"))], check=True)
    written = (tmp_path / "file").read_text().splitlines()
    assert set(lines) <= set(written)


def test_the_components_come_into_the_host_s_own_entries(tmp_path: Path) -> None:
    system, card, driver = SITUATIONS["debian13"]
    (command,) = (one for one in steps(chosen(bare(system, card, **driver))) if SOURCES in one)
    (tmp_path / "list").write_text("# mine\ndeb http://mirror.lan/debian trixie main\n")
    (tmp_path / "sources").write_text("Types: deb\nURIs: http://mirror.lan/debian\nComponents: main\n")
    there = f"{tmp_path}/list {tmp_path}/sources {tmp_path}/absent"
    subprocess.run(["sh", "-c", command.replace(SOURCES, there)], check=True)
    more = "main contrib non-free non-free-firmware\n"
    assert (tmp_path / "list").read_text() == f"# mine\ndeb http://mirror.lan/debian trixie {more}"
    assert (tmp_path / "sources").read_text().endswith(f"Components: {more}")


def test_a_key_whose_checksum_was_read_is_checked() -> None:
    decision = chosen(bare("debian 12", RTX_4090))
    assert decision.offer.repository is not None
    assert not any("sha256sum" in command for command in steps(decision))
    read = Repository(**{**decision.offer.repository.model_dump(), "key_sha256": "0" * 64})
    offer = decision.offer.model_copy(update={"repository": read})
    checked = steps(decision.model_copy(update={"offer": offer}))
    assert f"echo '{'0' * 64}  /root/{read.key}' | sha256sum -c" in checked


def test_a_name_from_the_host_cannot_leave_its_place() -> None:
    facts = bare("debian 12", RTX_4090, kernel="6.1.0; reboot")
    (install,) = (one for one in steps(chosen(facts)) if "linux-headers" in one)
    assert "'linux-headers-6.1.0; reboot'" in install
