"""What tests do with the lab: run a command on a machine, make it anew, put it to sleep, hash its files."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import bringup, layout
from tests.lab.images import WITHOUT_SYSTEMD
from tests.lab.layout import ENTER, LAB_JSON, MACHINES, OTHER, SUDO_PASSWORD
from tests.lab.machines import give_operator_addresses, wait_until_up
from tests.lab.operator import write_known_hosts
from tests.lab.shell import LabError, podman, run
from tests.lab.tree import LOGIN_RECORDS, Entry, tree


@dataclass(frozen=True)
class LabMachine:
    """One machine of the running lab."""

    place: layout.Machine

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def container(self) -> str:
        return self.place.container

    @property
    def address(self) -> str:
        """On the first of its networks."""
        return self.place.addresses[0]

    @property
    def other_address(self) -> str:
        """On lab-other (LabError where it has none)."""
        if OTHER not in self.place.networks:
            raise LabError(f"{self.name} is not on {OTHER.name}")
        return OTHER.address(self.place.number)

    def run(
        self,
        command: str | Sequence[str],
        *,
        user: str = "root",
        stdin: str = "",
        check: bool = True,
        timeout_s: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell line (or words) on the machine itself, not over ssh; as root in / or a user at home."""
        line = command if isinstance(command, str) else shlex.join(command)
        shell = ["sh", "-c", line] if user == "root" else ["su", "-", user, "-c", line]
        return run(
            [ENTER, "podman", "exec", "-i", self.container, *shell],
            stdin=stdin,
            check=check,
            timeout_s=timeout_s,
        )

    def read(self, path: str) -> str:
        """A file's text."""
        return self.run(["cat", path]).stdout

    def write(self, path: str, text: str, *, owner: str = "root", mode: str = "0644") -> None:
        """Put a file there, its folders too."""
        quoted, parent = shlex.quote(path), shlex.quote(str(Path(path).parent))
        self.run(f"install -d -o {owner} -g {owner} {parent}", check=True)
        self.run(f"cat > {quoted} && chown {owner}: {quoted} && chmod {mode} {quoted}", stdin=text)

    def fresh(
        self,
        image: str | None = None,
        *,
        new_host_key: bool = False,
        small_disks_mib: Mapping[str, int] | None = None,
    ) -> None:
        """Make it anew. `small_disks_mib` lays a file system of that size over a folder.

        The operator's known_hosts keeps what stood there: after `new_host_key` the key has changed for him.
        """
        bringup.fresh(self.name, image, new_host_key=new_host_key, small_disks_mib=small_disks_mib)

    def trust(self) -> None:
        """Write the machine's present host key into the operator's known_hosts."""
        others = frozenset(one.name for one in MACHINES) - {self.name}
        write_known_hosts(kept=others)

    def forget(self) -> None:
        """Take the machine out of the operator's known_hosts."""
        others = frozenset(one.name for one in MACHINES) - {self.name}
        write_known_hosts(without=frozenset({self.name}), kept=others)

    def pause(self) -> None:
        """Fall asleep: connections are accepted by the kernel and never answered."""
        podman("pause", self.container)

    def unpause(self) -> None:
        """Wake up."""
        podman("unpause", self.container)

    def stop(self) -> None:
        """Power off."""
        podman("stop", "--time=10", self.container)

    def start(self) -> None:
        """Power on again and wait until one can log in; with `stop`, a reboot."""
        podman("start", self.container)
        label = podman("inspect", "--format={{.ImageName}}", self.container).stdout
        variant = label.strip().rpartition("/")[2].partition(":")[0]
        wait_until_up(self.container, variant if variant in WITHOUT_SYSTEMD else "")
        give_operator_addresses()

    def reboot(self) -> None:
        """Off and on."""
        self.stop()
        self.start()

    def tree_hash(self, excludes: Sequence[str] = LOGIN_RECORDS) -> dict[str, Entry]:
        """Every file of its persistent file system; the machine may be asleep, not off."""
        process = podman("inspect", "--format={{.State.Pid}}", self.container).stdout.strip()
        if process == "0":
            raise LabError(f"{self.name} is off")
        return tree(Path(f"/proc/{process}/root"), excludes)


@dataclass(frozen=True)
class Lab:
    """The running lab as lab.json describes it."""

    facts: Mapping[str, Any]
    sudo_password: str = SUDO_PASSWORD

    @classmethod
    def load(cls) -> Lab:
        """Read lab.json (LabError when the lab is down)."""
        if not LAB_JSON.exists() or run([ENTER, "--alive"], check=False).returncode != 0:
            raise LabError("the lab is down\n-> make lab-up (python -m tests.lab up)")
        return cls(json.loads(LAB_JSON.read_text()))

    def machine(self, name: str) -> LabMachine:
        """A machine by name, with or without its domain."""
        return LabMachine(layout.machine(name))

    @property
    def machines(self) -> tuple[LabMachine, ...]:
        return tuple(LabMachine(one) for one in MACHINES)

    @property
    def pins(self) -> Mapping[str, Any]:
        """archive_url, archive_sha256, archive_path, models (base to digest), npm integrities."""
        pins: Mapping[str, Any] = self.facts["pins"]
        return pins

    @property
    def mirror(self) -> Mapping[str, str]:
        """URLs: files, slow_files, models, slow_models, npm; and extra, a folder seen at files/extra/."""
        mirror: Mapping[str, str] = self.facts["mirror"]
        return mirror

    @property
    def clouds(self) -> Mapping[str, str]:
        """Provider to the address of its stand-in, as OpenCode must know it."""
        addresses: Mapping[str, str] = self.facts["clouds"]
        return addresses

    @property
    def extra(self) -> Path:
        """A folder whose files the mirror serves under files/extra/."""
        return Path(self.facts["mirror"]["extra"])

    @property
    def site_file(self) -> Path:
        return Path(self.facts["site"])

    @property
    def answer(self) -> str:
        """What every model of the lab says."""
        return str(self.facts["answer"])

    def enter(
        self,
        command: Sequence[str | Path],
        *,
        stdin: str = "",
        check: bool = True,
        timeout_s: float = 600,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the operator, inside the lab."""
        return run([ENTER, *command], stdin=stdin, check=check, timeout_s=timeout_s, env=env)
