"""Reads what the scripts on a workstation say. Pure; what holds a file's content never shows it in a repr."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, cast, get_args

from provision.fleet.workstation.places import DATA, PLUGIN_HOME
from provision.fleet.workstation.proxy import USUAL, Installer, Proxy
from provision.fleet.workstation.shapes import Look, OpenCode

Kind = Literal["absent", "file", "symlink", "other", "unreadable", "large"]
Lines = Sequence[tuple[str, str]]
_BITS = {"r": 4, "w": 2, "x": 1, "s": 1, "t": 1}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class FoundFile:
    """A file as it is; the content is for merging only."""

    path: str
    kind: Kind = "absent"
    mode: str | None = None
    uid: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    content: bytes | None = field(default=None, repr=False)
    barred: str | None = None
    """What above it keeps it from being written: no folder, or one that its user cannot write to."""


@dataclass(frozen=True)
class Folders:
    """Where a workstation keeps things."""

    home: str
    config_home: str
    state_home: str
    shell: str
    uid: int

    @property
    def ledger(self) -> str:
        return f"{self.state_home}/astraeus-provision/router.json"

    @property
    def record(self) -> str:
        return f"{self.state_home}/astraeus-provision/putback"

    @property
    def data(self) -> str:
        """Programs and facts of ours."""
        return f"{self.home}/{DATA}"

    def plugin(self, version: str) -> str:
        """Where the plugin of that version is."""
        return f"{self.home}/{PLUGIN_HOME}/{version}/node_modules/oh-my-openagent"


def folders_of(look: Look) -> Folders:
    """Take the folders out of a look."""
    return Folders(look.home, look.config_home, look.state_home, look.shell, look.uid)


def read_look(lines: Lines) -> Look:
    """Turn the answers of look.sh into a Look."""
    said = {key: clean(value) for key, value in lines if key not in ("name", "reach")}
    if "failed" in said:
        return Look(problem=said["failed"].partition(" ")[2])
    path = said.get("opencode_path")
    free = said.get("free_disk_mib", "")
    libc = said.get("libc")
    return Look(
        os=said.get("os", ""),
        os_name=said.get("os_name", ""),
        arch=said.get("arch", ""),
        libc="musl" if libc == "musl" else "glibc" if libc == "glibc" else "none",
        avx2="avx2" in said,
        user=said.get("user", ""),
        uid=int(said.get("uid", "-1")),
        home=said.get("home", ""),
        shell=said.get("shell", ""),
        config_home=said.get("config_home", ""),
        state_home=said.get("state_home", ""),
        opencode_config=said.get("opencode_config") or None,
        node=said.get("node") or None,
        npm=said.get("npm") or None,
        opencode=OpenCode(
            path=path, version=said.get("opencode_version") or None, ours="opencode_ours" in said
        )
        if path
        else None,
        plugins=_all(lines, "plugin"),
        legacy=_all(lines, "legacy"),
        keys=_all(lines, "key"),
        logins=_all(lines, "login"),
        link_in_the_way="opencode_in_the_way" in said,
        unconfirmed_run=said["unconfirmed"] or "-" if "unconfirmed" in said else None,
        local_bin_in_path="local_bin_in_path" in said,
        proxy=read_proxy(lines),
        free_disk_mib=int(free) if free.isdigit() else None,
        names=dict(_pairs(lines, "name")),
        reach={url: said or "no answer" for url, said in _pairs(lines, "reach")},
    )


def read_proxy(lines: Lines) -> Proxy:
    """Take what look.sh says of HAProxy."""
    said = {key: clean(value) for key, value in lines if key.startswith("haproxy")}
    installer = said.get("haproxy_installer")
    return Proxy(
        path=said.get("haproxy") or None,
        version=said.get("haproxy_version") or None,
        installer=cast("Installer", installer) if installer in get_args(Installer) else None,
        root="haproxy_root" in said,
        manager="haproxy_no_manager" not in said,
        would_be=said.get("haproxy_would_be") or USUAL,
        port=said.get("haproxy_port", ""),
    )


def read_found(lines: Lines) -> dict[str, FoundFile]:
    """Turn the answers of read.sh into files by path."""
    found: dict[str, FoundFile] = {}
    tabbed = [value.partition("\t") for key, value in lines if key == "barred"]
    barred = {path: clean(above) for above, _, path in tabbed}
    for key, value in lines:
        if key != "file":
            continue
        kind, mode, uid, size, packed, path = value.split(" ", 5)
        content = unpacked(packed) if kind == "file" else None
        found[path] = FoundFile(
            path=path,
            kind=cast("Kind", kind),
            mode=None if mode == "-" else octal(mode),
            uid=int(uid) if uid.isdigit() else None,
            size_bytes=int(size) if size.isdigit() else None,
            sha256=None if content is None else sha256(content).hexdigest(),
            content=content,
            barred=barred.get(path),
        )
    return found


def octal(letters: str) -> str:
    """Turn `-rw-r--r--` (a trailing ACL mark does not count) into `644`."""
    digits = ""
    for start in (1, 4, 7):
        digits += str(sum(_BITS.get(letter, 0) for letter in letters[start : start + 3]))
    return digits


def unpacked(field: str) -> bytes:
    """Turn `=<base64>` into bytes; what is cut off is empty."""
    try:
        return base64.b64decode(field.removeprefix("="), validate=True)
    except binascii.Error:
        return b""


def clean(text: str) -> str:
    """Take out control characters, so that no answer can paint on a terminal."""
    return _CONTROL.sub("?", text).strip()


def numbers(version: str) -> tuple[int, ...]:
    """Turn a version into numbers that compare: `1.18.33-dev` into (1, 18, 33)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _all(lines: Lines, wanted: str) -> tuple[str, ...]:
    return tuple(clean(value) for key, value in lines if key == wanted)


def _pairs(lines: Lines, wanted: str) -> Iterable[tuple[str, str | None]]:
    for key, value in lines:
        if key == wanted:
            name, _, rest = clean(value).partition(" ")
            yield name, rest.strip() or None
