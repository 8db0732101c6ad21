"""Images of the lab's machines: a Debian root file system and a small Containerfile for each difference."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

from tests.lab.layout import BUILT, SUDO_PASSWORD
from tests.lab.opencode import node
from tests.lab.products import key, product
from tests.lab.shell import podman, run, step

FOLDER = Path(__file__).with_name("images")
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "iproute2",
    "ca-certificates",
    "curl",
    "procps",
    "netbase",
)
SUITE = "bookworm"
# Old package lists name files that the distribution no longer has.
KEPT_FOR_S = 14 * 24 * 3600
PARENTS = {
    "base": None,
    "server-nopython": "base",
    "server": "server-nopython",
    "server-ufw": "server",
    "server-firewalld": "server",
    "server-unknownos": "server",
    "server-nosystemd": "server",
    "laptop": "base",
    "laptop-node": "laptop",
    "laptop-haproxy": "laptop",
    "mirror": "base",
    "clouds": "base",
}
COPIED = {"mirror": ("mirror.conf",), "clouds": ("clouds.service",)}
WITHOUT_SYSTEMD = frozenset({"server-nosystemd"})


def image(variant: str) -> str:
    """The image of a variant, built where it is missing (KeyError for an unknown one)."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "images.lock").open("w") as lock:  # molecule runs ask for the same ones at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        name, _ = _built(variant)
    return name


def _built(variant: str) -> tuple[str, str]:
    parent = PARENTS[variant]
    parent_name, parent_key = _debian() if parent is None else _built(parent)
    own = [(FOLDER / f"{variant}.Containerfile").read_bytes()]
    own += [(FOLDER / copied).read_bytes() for copied in COPIED.get(variant, ())]
    if variant == "laptop-node":
        own.append(node().name.encode())
    made_from = key(parent_key, *own)
    name = f"localhost/astraeus-lab/{variant}:{made_from}"
    if podman("image", "exists", name, check=False).returncode != 0:
        _build(variant, parent_name, name)
    return name, made_from


def _build(variant: str, parent: str, name: str) -> None:
    with step(f"image {variant}", "5 to 30 s"):
        # The lab's own network namespace is the network; no bridge is needed for a build.
        words = ["build", "--quiet", "--network=host", "--tag", name, "--build-arg", f"PARENT={parent}"]
        if variant == "server-nopython":
            words += ["--build-arg", f"SUDO_PASSWORD={SUDO_PASSWORD}"]
        if variant == "laptop-node":
            words += ["--volume", f"{node()}:/node:ro"]
        podman(*words, "--file", FOLDER / f"{variant}.Containerfile", FOLDER)


def _debian() -> tuple[str, str]:
    made_from = key(SUITE, *PACKAGES, str(int(time.time() // KEPT_FOR_S)))
    name = f"localhost/astraeus-lab/debian:{made_from}"
    if podman("image", "exists", name, check=False).returncode != 0:
        tar = product("debian", made_from, _bootstrap) / "root.tar"
        with step("importing the Debian root file system", "10 s"):
            podman("import", "--quiet", tar, name)
    return name, made_from


def _bootstrap(folder: Path) -> None:
    with step("making a Debian root file system with mmdebstrap", "30 s to 2 min"):
        wanted = f"--include={','.join(PACKAGES)}"
        run(
            ["nice", "mmdebstrap", "--quiet", "--variant=minbase", wanted, SUITE, folder / "root.tar"],
            timeout_s=1200,
        )
