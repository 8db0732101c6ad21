"""Extra machines for molecule: on both networks, with an inventory that checks host keys strictly."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import yaml

from tests.lab.images import image
from tests.lab.layout import LAB_JSON, OTHER, SSH, STATE, TEAM, Machine
from tests.lab.machines import public_key, start_machine
from tests.lab.shell import LabError, podman

KEEPERS = STATE / "keepers"
LABEL = "lab.molecule"
KEEPER_LABEL = "lab.molecule.keeper"
KEEPER = "ASTRAEUS_LAB_KEEPER"  # in the environment: the keeper's file, for those whom it starts


@cache
def keeper() -> Path:
    """A file that this process keeps locked until it ends, in whatever way it ends."""
    given = os.environ.get(KEEPER)
    if given:
        return Path(given)
    KEEPERS.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=KEEPERS)
    fcntl.flock(handle, fcntl.LOCK_EX)  # the descriptor stays open: it is the lock
    atexit.register(Path(path).unlink, missing_ok=True)
    return Path(path)


def _is_kept(path: str) -> bool:
    try:
        with Path(path).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def create(
    state: Path,
    variant: str,
    names: Sequence[str],
    kept_by: Path | None = None,
    volumes: Mapping[Path, str] | None = None,
) -> None:
    """Start `mol-NAME` for each name and write hosts.yml and known_hosts into the folder.

    A machine belongs to the folder it was started for. Where a keeper was named, it belongs to nobody once
    that process is gone, so that what an interrupted run left is in nobody's way. `volumes` says which
    folders of this machine they see, and where.
    """
    if not LAB_JSON.exists():
        raise LabError("the lab is down\n-> python -m tests.lab up")
    state = state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    user = "dev" if variant.startswith("laptop") else "ops"
    image(variant)  # built once, not by each machine
    machines = [_machine(name, user, variant, state) for name in names]
    labels = {LABEL: str(state), **({KEEPER_LABEL: str(kept_by)} if kept_by else {})}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: start_machine(one, variant, labels=labels, volumes=volumes), machines))
    addresses = {one.name: _addresses(one.container) for one in machines}
    keys = [f"{','.join((one.name, *addresses[one.name].values()))} {public_key(one)}" for one in machines]
    (state / "known_hosts").write_text("\n".join(keys) + "\n")
    (state / "known_hosts").chmod(0o600)
    (state / "hosts.yml").write_text(yaml.safe_dump(_inventory(state, machines, addresses), sort_keys=False))


def destroy(state: Path) -> None:
    """Remove the machines that were started for this folder, and what was written into it."""
    state = state.resolve()
    mine = podman("ps", "--all", "--quiet", f"--filter=label={LABEL}={state}").stdout.split()
    if mine:
        podman("rm", "--force", "--time=0", *mine)
    for name in ("hosts.yml", "known_hosts"):
        (state / name).unlink(missing_ok=True)


def _machine(name: str, user: str, variant: str, state: Path) -> Machine:
    container = f"mol-{name}"
    owner, kept_by = _label(container, LABEL), _label(container, KEEPER_LABEL)
    wanted = Path(owner).is_dir() and (not kept_by or _is_kept(kept_by))
    if wanted and owner not in {"", str(state)}:
        raise LabError(
            f"{container} belongs to the run in {owner}\n"
            "-> wait for that run, or `make lab-down` if nobody needs it"
        )
    return Machine(container, user, variant, 0, (TEAM, OTHER), container_name=container)


def _label(container: str, label: str) -> str:
    """Empty where there is no such container or label."""
    form = f'--format={{{{index .Config.Labels "{label}"}}}}'
    return podman("inspect", "--type=container", form, container, check=False).stdout.strip()


def _addresses(container: str) -> dict[str, str]:
    networks = json.loads(podman("inspect", "--type=container", container).stdout)[0]["NetworkSettings"][
        "Networks"
    ]
    return {network: about["IPAddress"] for network, about in networks.items()}


def _inventory(
    state: Path, machines: list[Machine], addresses: dict[str, dict[str, str]]
) -> dict[str, object]:
    return {
        "all": {
            "vars": {
                "ansible_ssh_private_key_file": str(SSH / "id_ed25519"),
                "ansible_ssh_common_args": (
                    f"-o UserKnownHostsFile={state / 'known_hosts'} -o StrictHostKeyChecking=yes"
                    " -o IdentitiesOnly=yes"
                ),
                "ansible_become": all(one.user == "ops" for one in machines),
            },
            "hosts": {
                one.name: {
                    "ansible_host": addresses[one.name][TEAM.name],
                    "ansible_user": one.user,
                    "lab_container": one.container,
                    "lab_team_address": addresses[one.name][TEAM.name],
                    "lab_other_address": addresses[one.name][OTHER.name],
                }
                for one in machines
            },
        }
    }
