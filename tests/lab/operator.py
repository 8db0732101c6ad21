"""The operator's side of the lab: key, ssh configuration, known hosts, and the site file for the product."""

from __future__ import annotations

import platform
from pathlib import Path

import yaml

from provision.catalogue import load_catalogue
from tests.lab.layout import (
    MACHINES,
    MIRROR_FILES,
    MIRROR_MODELS,
    NETWORKS,
    OPERATOR,
    SITE_YML,
    SSH,
    Machine,
    hosts_file,
)
from tests.lab.machines import make_key, public_key
from tests.lab.opencode import PLATFORMS, integrity, tarball_url


def make_operator() -> None:
    """Key, ssh configuration and the hosts file that lies over /etc/hosts."""
    make_key(SSH / "id_ed25519")
    lines = ["# Written by tests/lab: logins of the lab's machines."]
    for machine in MACHINES:
        lines += [f"Host {machine.name}", f"    User {machine.user}"]
    lines += ["Host *", "    IdentityFile ~/.ssh/id_ed25519", "    IdentitiesOnly yes"]
    _write(SSH / "config", "\n".join(lines) + "\n")
    _write(OPERATOR / "hosts", hosts_file(NETWORKS, own=platform.node()))


def write_known_hosts(*, without: frozenset[str] = frozenset(), kept: frozenset[str] = frozenset()) -> None:
    """The host keys as they are; without some machines; for others (`kept`) what stood there before."""
    target = SSH / "known_hosts"
    before = target.read_text().splitlines() if target.exists() else []
    lines = []
    for machine in MACHINES:
        first = ",".join((machine.name, *machine.addresses))
        if machine.name in without:
            continue
        old = [line for line in before if line.startswith(first + " ")]
        lines += old if machine.name in kept else [f"{first} {public_key(machine)}"]
    _write(target, "\n".join(lines) + "\n")


def write_site(archive_sha256: str, digests: dict[str, str]) -> None:
    """The lab as a site of the product: a host without GPU, two workstations, all from the mirror."""
    packages = {
        name: {"url": tarball_url(f"opencode-{name}"), "integrity": integrity(f"opencode-{name}")}
        for name in PLATFORMS
    }
    site = {
        "schema": 1,
        "pattern": "lan",
        "hosts": [{"name": "gpu-server.local", "accelerator": "cpu"}],
        "workstations": [{"name": "laptop1"}, {"name": "laptop2"}],
        "ollama": {"archives": {platform.machine(): {"source": archive_url(), "sha256": archive_sha256}}},
        "models": {"mirror": f"{MIRROR_MODELS}/library", "digests": digests},
        "opencode": {"npm_registry": f"{MIRROR_FILES}/npm/", "packages": packages},
        # Provider entries alone, unless a test asks for agents and the loopback router.
        "router": {
            "profile": "none",
            "loopback": False,
            "packages": {name: tarball_url(name) for name in load_catalogue().plugin.packages},
        },
    }
    _write(SITE_YML, "# Written by tests/lab: the lab as a site.\n" + yaml.safe_dump(site, sort_keys=False))


def archive_url() -> str:
    """Where the mirror has the Ollama archive."""
    release = load_catalogue().ollama
    return f"{MIRROR_FILES}/ollama/v{release.version}/{release.archives[platform.machine()].file}"


def machine_facts(machine: Machine) -> dict[str, object]:
    """A machine's entry in lab.json."""
    return {
        "container": machine.container,
        "user": machine.user,
        "image": machine.image,
        "addresses": {network.name: network.address(machine.number) for network in machine.networks},
        "addresses6": {network.name: network.address6(machine.number) for network in machine.networks},
    }


def _write(path: Path, text: str) -> None:
    """Write in place: a renamed file would leave the bind mounts on the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    if path.read_text() != text:
        path.write_text(text)
    path.chmod(0o644 if path.name == "hosts" else 0o600)
