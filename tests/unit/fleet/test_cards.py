"""What a host shows of its cards and of a driver's ground: the script on made-up trees, and its reader."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from provision.driverfacts import DriverPackage
from provision.facts import HostFacts
from provision.fleet.host.reading import read_host
from provision.fleet.host.script import HostQuery, look_script
from tests.programs import need

SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
ELSEWHERE = (
    "/sys/",
    "/proc/driver/",
    "/proc/device-tree/",
    "/run/nvidia/",
    "/run/.containerenv",
    "/.dockerenv",
    "/dev/dxg",
    "/etc/nv_tegra_release",
    "/usr/bin/nvidia-uninstall",
)
VGPU = bytes(52) + b"\x60" + bytes(43) + b"\x10\x70" + bytes(14) + b"\x09\x00\x14VF" + bytes(139)
"""A configuration space whose second capability says that it is one."""


class Machine:
    """A made-up root, and stand-ins for the programs that are asked."""

    def __init__(self, folder: Path) -> None:
        self.root, self.programs = folder / "root", folder / "programs"
        (self.root / "sys/bus/pci/devices").mkdir(parents=True)
        self.programs.mkdir()
        self.answers("systemd-detect-virt", "none")
        self.answers("rpm", "")
        self.answers("apt-cache", "")
        self.answers("dpkg-query", "")

    def card(
        self,
        slot: str,
        device: str,
        *,
        pci_class: str = "0x030000",
        driver: str = "",
        config: bytes = bytes(256),
    ) -> None:
        place = self.root / "sys/bus/pci/devices" / slot
        place.mkdir()
        for name, text in {"vendor": "0x10de", "device": device, "class": pci_class}.items():
            (place / name).write_text(f"{text}\n")
        (place / "config").write_bytes(config)
        if driver:
            (place / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")

    def file(self, path: str, content: bytes = b"") -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    def answers(self, program: str, *lines: str) -> None:
        """It notes its arguments, and says these lines."""
        path = self.programs / program
        said = "".join(f"{line}\n" for line in lines)
        path.write_text(f"#!/bin/sh\necho \"$0 $*\" >> {self.programs}/asked\ncat <<'E'\n{said}E\n")
        path.chmod(0o755)

    @property
    def asked(self) -> str:
        path = self.programs / "asked"
        return path.read_text() if path.exists() else ""

    def looked(self, shell: Sequence[str] = ("sh",)) -> HostFacts:
        script = look_script(HostQuery(port=1, version="0", disks=("/",)))
        for path in ELSEWHERE:
            script = script.replace(path, f"{self.root}{path}")
        done = subprocess.run(
            [*shell],
            input=script,
            env={"PATH": f"{self.programs}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        found = read_host({"text": done.stdout, "received_epoch": 0.0})
        assert found is not None
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_a_bare_host_with_a_card(machine: Machine, shell: str) -> None:
    need(shell)
    machine.card("0000:01:00.0", "0x2684", driver="nouveau")
    machine.card("0000:01:00.1", "0x22ba", pci_class="0x040300")
    machine.card("0000:02:00.0", "0x22a3", pci_class="0x068000")
    machine.file(SECURE_BOOT, b"\x06\x00\x00\x00\x01")
    found = machine.looked(["busybox", "sh"] if shell == "busybox" else [shell])
    (card,) = found.graphics.pci
    assert (card.device, card.driver, card.pci_class) == ("0x2684", "nouveau", "0x030000")
    assert (card.is_vgpu, card.off_bus) == (False, False)
    assert found.graphics.driver == "missing"
    assert found.driver.secure_boot == "on"
    assert found.driver.nvswitches == 1
    assert (found.driver.container, found.driver.run_file, found.driver.loaded) == ("", False, None)
    assert found.driver.packages == ()


def test_where_no_card_is_nvidia_s_nobody_is_asked_for_packages(machine: Machine) -> None:
    assert machine.looked().driver.secure_boot == "absent"
    assert "dpkg-query" not in machine.asked
    assert "apt-cache" not in machine.asked
    assert "rpm" not in machine.asked


@pytest.mark.parametrize(
    ("content", "state"), [(b"\x06\0\0\0\x01", "on"), (b"\x06\0\0\0\0", "off"), (b"", "unknown")]
)
def test_secure_boot_is_the_variable_s_fifth_byte(machine: Machine, content: bytes, state: str) -> None:
    machine.file(SECURE_BOOT, content)
    assert machine.looked().driver.secure_boot == state


@pytest.mark.parametrize(
    ("path", "sign"),
    [
        ("dev/dxg", {"wsl": True}),
        ("etc/nv_tegra_release", {"jetson": True}),
        ("run/nvidia/driver/x", {"cluster_driver": True}),
    ],
)
def test_a_machine_whose_driver_is_somebody_else_s(machine: Machine, path: str, sign: dict[str, Any]) -> None:
    before = machine.looked().driver.model_dump()
    assert not any(before[name] for name in sign)
    machine.file(path)
    assert machine.looked().driver.model_dump() == {**before, **sign}


def test_a_jetson_without_that_file(machine: Machine) -> None:
    machine.file("proc/device-tree/compatible", b"nvidia,p3768\0nvidia,tegra234\0")
    assert machine.looked().driver.jetson


@pytest.mark.parametrize(("said", "container", "wsl"), [("lxc", "lxc", False), ("wsl", "", True)])
def test_a_container(machine: Machine, said: str, container: str, *, wsl: bool) -> None:
    machine.answers("systemd-detect-virt", said)
    found = machine.looked().driver
    assert (found.container, found.wsl) == (container, wsl)


@pytest.mark.parametrize(
    ("config", "is_vgpu", "off_bus"),
    [
        (bytes(256), False, False),
        (VGPU, True, False),
        (VGPU.replace(b"VF", b"XX"), False, False),
        (VGPU[:64], None, False),
        (b"\xff" * 256, False, True),
        (
            bytes(52) + b"\x40" + bytes(11) + b"\x01\x40" + bytes(190),
            False,
            False,
        ),  # a chain that bites its tail
    ],
)
def test_the_configuration_space_tells_a_vgpu_and_a_lost_card(
    machine: Machine, config: bytes, *, is_vgpu: bool | None, off_bus: bool
) -> None:
    machine.card("0000:01:00.0", "0x2236", config=config)
    (card,) = machine.looked().graphics.pci
    assert (card.is_vgpu, card.off_bus) == (is_vgpu, off_bus)


def test_where_the_driver_came_from(machine: Machine) -> None:
    machine.card("0000:01:00.0", "0x2684", driver="nvidia")
    machine.file(
        "proc/driver/nvidia/version",
        b"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\nGCC\n",
    )
    machine.file("usr/bin/nvidia-uninstall")
    machine.answers(
        "dpkg-query",
        "ii |nvidia-driver|535.309.01-1~deb12u1|Debian NVIDIA Maintainers <pkg@lists.debian.org>",
        "iF |libcuda1|580.95.05-1|cudatools <cudatools@nvidia.com>",
        "un |nvidia-smi||",
        "rc |nvidia-kernel-dkms|525.1-1|Debian",
        "ii |nvidia-driver-pinning-580|580-1|cudatools <cudatools@nvidia.com>",
        "ii |bad;name|1|x",
        "ii |linux-image-generic",
        "ii |linux-image-unsigned-6.8.0-45-generic",
    )
    machine.answers("rpm", "akmod-nvidia|580.142|RPM Fusion", "nvidia-open|580.95.05|NVIDIA Corporation")
    found = machine.looked().driver
    assert set(found.packages) == {
        DriverPackage(name="nvidia-driver", version="535.309.01-1~deb12u1", origin="system"),
        DriverPackage(name="libcuda1", version="580.95.05-1", origin="nvidia"),
        DriverPackage(name="akmod-nvidia", version="580.142", origin="rpmfusion"),
        DriverPackage(name="nvidia-open", version="580.95.05", origin="nvidia"),
    }
    assert found.run_file
    assert found.loaded == "580.95.05"
    assert "linux-image-generic" in found.kernel_images
    assert not any("unsigned" in name for name in found.kernel_images)


def test_the_loaded_module_in_its_older_words(machine: Machine) -> None:
    machine.file(
        "proc/driver/nvidia/version", b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May\n"
    )
    assert machine.looked().driver.loaded == "535.183.01"


def test_signed_modules_for_the_running_kernel(machine: Machine) -> None:
    machine.card("0000:01:00.0", "0x2684")
    kernel = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    mine = f"linux-modules-nvidia-580-server-open-{kernel}"
    machine.answers("apt-cache", "linux-modules-nvidia-580-server-open-6.0.0-1-generic", mine)
    assert machine.looked().driver.prebuilt == (mine,)
    assert "-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= pkgnames" in machine.asked
    machine.answers("apt-cache", "linux-modules-nvidia-580-server-open-6.0.0-1-generic")
    assert machine.looked().driver.prebuilt == ()
    machine.answers("apt-cache")
    assert machine.looked().driver.prebuilt is None


def test_a_divided_card(machine: Machine) -> None:
    machine.card("0000:01:00.0", "0x20b0", driver="nvidia")
    machine.answers("nvidia-smi", "NVIDIA A100, GPU-1, 40960, 580.95.05")
    assert [gpu.mig for gpu in machine.looked().graphics.gpus] == [False]
    path = machine.programs / "nvidia-smi"
    path.write_text(
        '#!/bin/sh\ncase "$1" in *mig*) echo Enabled; echo "[N/A]" ;;\n'
        "*) echo 'NVIDIA A100, GPU-1, 40960, 580.95.05'; echo 'NVIDIA T4, GPU-2, 15360, 580.95.05' ;;\nesac\n"
    )
    assert [gpu.mig for gpu in machine.looked().graphics.gpus] == [True, False]
