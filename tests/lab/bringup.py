"""Bringing the lab up and down: builds what is missing, starts what does not run, writes lab.json."""

from __future__ import annotations

import fcntl
import json
import platform
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from provision.catalogue import load_catalogue
from tests.lab import clouds, models, opencode
from tests.lab.debian import install_missing
from tests.lab.images import image
from tests.lab.layout import (
    ENTER,
    LAB_JSON,
    MACHINES,
    MIRROR_EXTRA,
    MIRROR_FILES,
    MIRROR_MODELS,
    MIRROR_SLOW_FILES,
    MIRROR_SLOW_MODELS,
    NETWORKS,
    SITE_YML,
    SSH,
    STATE,
    Machine,
    machine,
)
from tests.lab.machines import give_operator_addresses, make_networks, start_machine
from tests.lab.ollama_archive import archive
from tests.lab.operator import archive_url, machine_facts, make_operator, write_known_hosts, write_site
from tests.lab.products import key, sha256_of
from tests.lab.shell import podman, run, say, step


@contextmanager
def alone() -> Iterator[None]:
    """One at a time: up, down and fresh wait for each other."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE.parent / f"{STATE.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def up() -> None:
    """All of the lab, running."""
    install_missing()
    with alone():
        if not LAB_JSON.exists():  # what an earlier boot of the machine left in podman's store
            podman("rm", "--all", "--force", "--time=0")
        with ThreadPoolExecutor() as pool:
            built = pool.submit(archive)
            models.store()
            opencode.registry()
            for variant in dict.fromkeys(one.image for one in MACHINES):
                image(variant)
            ollama = built.result()
        make_operator()
        make_networks()
        MIRROR_EXTRA.mkdir(parents=True, exist_ok=True)
        with step("starting the machines", "5 s"), ThreadPoolExecutor() as pool:
            for started in pool.map(lambda one: _keep_or_start(one, ollama), MACHINES):
                if started:
                    say(f"    {started}")
        give_operator_addresses()
        write_known_hosts()
        _write_facts(ollama)
    say(f"the lab is up: {LAB_JSON}, {SITE_YML}")


def down() -> None:
    """Nothing of the lab runs; what was built stays."""
    with alone(), step("taking the lab down", "5 s"):
        run([ENTER, "--down"])


def fresh(
    name: str,
    variant: str | None = None,
    *,
    new_host_key: bool = False,
    small_disks_mib: Mapping[str, int] | None = None,
) -> None:
    """Make a machine anew, with its address, and with its host key unless a new one is wanted."""
    from_map = machine(name)
    with alone(), step(f"a fresh {from_map.name}", "3 s"):
        if new_host_key:
            for old in from_map.folder.glob("ssh_host_*"):
                old.unlink()
        volumes = _volumes(from_map, archive())
        start_machine(
            from_map,
            variant or from_map.image,
            volumes=volumes,
            small_disks_mib=small_disks_mib,
            labels={"lab": _made_from(volumes)},
        )


def status() -> dict[str, str]:
    """Machine to the state of its container; empty when the lab is down."""
    if run([ENTER, "--alive"], check=False).returncode != 0:
        return {}
    rows = json.loads(podman("ps", "--all", "--format=json").stdout)
    states = {name: str(row["State"]) for row in rows for name in row["Names"]}
    return {one.name: states.get(one.container, "absent") for one in MACHINES}


def _keep_or_start(one: Machine, ollama: Path) -> str:
    volumes = _volumes(one, ollama)
    label, current = _made_from(volumes), image(one.image)
    wanted = '{{.State.Status}} {{index .Config.Labels "lab"}} {{.ImageName}}'
    about = podman(
        "inspect", "--type=container", f"--format={wanted}", one.container, check=False
    ).stdout.split()
    if len(about) == 3 and about[1] == label:
        if about[0] == "paused":
            podman("unpause", one.container, check=False)
        # A machine whose keeper was killed with it is still "running" for podman: ask the machine itself.
        lives = podman("exec", one.container, "true", check=False).returncode == 0
        if about[0] == "paused" and lives:
            return f"{one.name}: woken"
        if about[0] == "running" and lives:
            return (
                ""
                if about[2] == current
                else f"{one.name}: kept, but its image is old or a test's (fresh renews it)"
            )
        if about[0] == "exited":
            podman("start", one.container)
            return f"{one.name}: started again"
    start_machine(one, one.image, volumes=volumes, labels={"lab": label})
    return f"{one.name}: {', '.join(one.addresses)}"


def _made_from(volumes: Mapping[Path, str]) -> str:
    return key(*(f"{source}:{target}" for source, target in volumes.items()))


def _volumes(one: Machine, ollama: Path) -> dict[Path, str]:
    """Folders of ours that a machine sees, read only."""
    if one.name == "clouds.lab":
        return {clouds.server(): "/srv/clouds"}
    return _mirror_volumes(ollama) if one.name == "mirror.lab" else {}


def _mirror_volumes(ollama: Path) -> dict[Path, str]:
    release = load_catalogue().ollama
    file = release.archives[platform.machine()].file
    return {
        ollama: f"/srv/mirror/ollama/v{release.version}/{file}",
        opencode.registry(): "/srv/mirror/npm",
        models.store(): "/srv/models",
        MIRROR_EXTRA: "/srv/mirror/extra",
    }


def _write_facts(ollama: Path) -> None:
    sha256, digests = sha256_of(ollama), models.digests()
    facts = {
        "machines": {one.name: machine_facts(one) for one in MACHINES},
        "networks": {
            one.name: {"cidr": one.cidr, "cidr6": one.cidr6, "operator": one.operator} for one in NETWORKS
        },
        "mirror": {
            "files": MIRROR_FILES,
            "slow_files": MIRROR_SLOW_FILES,
            "models": f"{MIRROR_MODELS}/library",
            "slow_models": f"{MIRROR_SLOW_MODELS}/library",
            "npm": f"{MIRROR_FILES}/npm/",
            "extra": str(MIRROR_EXTRA),
        },
        "pins": {
            "archive_url": archive_url(),
            "archive_sha256": sha256,
            "archive_path": str(ollama),
            "models": digests,
            "npm": {one: opencode.integrity(one) for one in opencode.versions()},
        },
        "clouds": clouds.base_urls(),
        "ssh": str(SSH),
        "site": str(SITE_YML),
        "answer": models.ANSWER,
    }
    beside = LAB_JSON.with_suffix(".new")
    beside.write_text(json.dumps(facts, indent=1) + "\n")
    beside.rename(LAB_JSON)
    write_site(sha256, digests)
