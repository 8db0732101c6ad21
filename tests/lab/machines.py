"""Machines of the lab as containers: made from an image, always with the same address and host key."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.lab.images import WITHOUT_SYSTEMD, image
from tests.lab.layout import ENTER, NETWORKS, OTHER, SSH, Machine, Network, hosts_file
from tests.lab.shell import LabError, podman, run, until

# Not --privileged, which would hand in the machine's own devices; SYS_ADMIN is for hardened units.
RIGHTS = ("--cap-add=SYS_ADMIN,NET_ADMIN,NET_RAW,AUDIT_WRITE", "--security-opt=unmask=ALL")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
HOST_KEY = "ssh_host_ed25519_key"
APPARMOR = Path("/sys/module/apparmor/parameters/enabled")


def make_key(path: Path) -> None:
    """An ed25519 key pair without passphrase, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path])


def make_networks() -> None:
    """The bridges, unless they are there."""
    for network in NETWORKS:
        if podman("network", "exists", network.name, check=False).returncode == 0:
            continue
        ranges = [
            "--subnet",
            network.cidr,
            "--ip-range",
            f"{network.address(128)}/26",  # a /25 would end in .255
            "--subnet",
            network.cidr6,
        ]
        internal = ["--internal"] if network.internal else []
        podman(
            "network", "create", "--disable-dns", "--ipv6", "--opt=mtu=1400", *internal, *ranges, network.name
        )


def give_operator_addresses() -> None:
    """An address for the operator on the internal network, where podman gives none."""
    about = json.loads(podman("network", "inspect", OTHER.name).stdout)[0]
    bridge = about["network_interface"]
    if run([ENTER, "ip", "link", "show", bridge], check=False).returncode == 0:
        for address in (f"{OTHER.operator}/24", f"{OTHER.prefix6}::ff/64"):
            run([ENTER, "ip", "addr", "replace", address, "dev", bridge])


def is_running(container: str) -> bool:
    """Whether a container of that name runs."""
    state = podman("inspect", "--type=container", "--format={{.State.Status}}", container, check=False)
    return state.stdout.strip() == "running"


def start_machine(
    machine: Machine,
    variant: str,
    *,
    volumes: Mapping[Path, str] | None = None,
    small_disks_mib: Mapping[str, int] | None = None,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Make a machine anew and wait until one can log in."""
    make_key(machine.folder / HOST_KEY)
    name = machine.container
    words = [
        "create",
        "--replace",
        "--name",
        name,
        "--hostname",
        machine.hostname,
        "--systemd=always",
        "--no-hosts",
    ]
    words += [*RIGHTS, *(f"--label={label}={value}" for label, value in (labels or {}).items())]
    if APPARMOR.is_file() and APPARMOR.read_text().strip() == "Y":
        words.append("--security-opt=apparmor=unconfined")
    for network in machine.networks:
        words.append(f"--network={_attach(network, machine.number)}")
    if CERTIFICATES.is_file():  # where a proxy rewrites TLS, only the machine's own bundle trusts it
        words.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
    words += [f"--volume={source}:{target}:ro" for source, target in (volumes or {}).items()]
    words += [f"--tmpfs={target}:size={size}m,mode=755" for target, size in (small_disks_mib or {}).items()]
    podman("rm", "--force", "--time=0", "--ignore", name)
    podman(*words, image(variant))
    podman("cp", "-", f"{name}:/", stdin=_own_files(machine))
    podman("start", name)
    if not machine.number:  # an address given again, behind another MAC: a stale neighbour costs a minute
        run([ENTER, "ip", "neigh", "flush", "all"])
    wait_until_up(name, variant)
    if OTHER in machine.networks:
        give_operator_addresses()


def _attach(network: Network, number: int) -> str:
    if number == 0:  # podman chooses
        return network.name
    return (
        f"{network.name}:ip={network.address(number)},ip={network.address6(number)},mac={network.mac(number)}"
    )


def _own_files(machine: Machine) -> bytes:
    """What differs between machines of one image, as a tar."""
    files = {
        "etc/hosts": (hosts_file(machine.networks, own=machine.hostname).encode(), 0o644),
        "etc/ssh/authorized_keys": ((SSH / "id_ed25519.pub").read_bytes(), 0o644),
        f"etc/ssh/{HOST_KEY}": ((machine.folder / HOST_KEY).read_bytes(), 0o600),
        f"etc/ssh/{HOST_KEY}.pub": ((machine.folder / f"{HOST_KEY}.pub").read_bytes(), 0o644),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, (data, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def wait_until_up(container: str, variant: str) -> None:
    """Until systemd says that it is up, with no failed unit, and sshd listens."""

    def booted() -> bool:
        state = podman(
            "exec", container, "systemctl", "is-system-running", "--wait", check=False
        ).stdout.strip()
        if state == "degraded":
            failed = podman("exec", container, "systemctl", "--failed", "--no-legend", "--plain").stdout
            raise LabError(f"{container}: units failed at boot\n{failed}")
        return state == "running"

    def listens() -> bool:
        return ":22 " in podman("exec", container, "ss", "-Hltn", check=False).stdout

    if variant not in WITHOUT_SYSTEMD:
        until(booted, f"{container} has booted")
    until(listens, f"{container} has sshd")


def public_key(machine: Machine) -> str:
    """The machine's host key as known_hosts wants it."""
    return " ".join((machine.folder / f"{HOST_KEY}.pub").read_text().split()[:2])
