"""What a machine's persistent file system holds, to prove that a run wrote nothing."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.products import sha256_of

LOGIN_RECORDS = (
    # Logging in and becoming root leave these, whoever does it and whatever for:
    "/var/log/wtmp",  # a session began
    "/var/log/btmp",  # a login failed
    "/var/log/lastlog",  # when a user was last here
    "/var/log/faillog",
    "/var/log/journal/*",  # sshd and sudo say so in the journal
    "/var/log/auth.log",  # and in syslog, where there is one
    "/var/log/syslog",
    "/var/lib/sudo/lectured/*",  # sudo has explained itself to this user
)


@dataclass(frozen=True)
class Entry:
    """A file, folder, link or device; content is a sha256, a link's target, or empty."""

    kind: str
    mode: str
    uid: int
    gid: int
    content: str


def tree(root: Path, excludes: Sequence[str] = LOGIN_RECORDS) -> dict[str, Entry]:
    """Path to entry below a root, other mounts (proc, sys, run, tmpfs) left out."""
    return dict(_walk(root, "/", root.stat().st_dev, tuple(excludes)))


def changes(before: dict[str, Entry], after: dict[str, Entry]) -> list[str]:
    """What differs, one line each."""
    lines = [f"new      {path}" for path in after.keys() - before.keys()]
    lines += [f"gone     {path}" for path in before.keys() - after.keys()]
    for path in before.keys() & after.keys():
        if before[path] != after[path]:
            lines.append(f"changed  {path}: {before[path]} -> {after[path]}")
    return sorted(lines)


def _walk(root: Path, inner: str, device: int, excludes: tuple[str, ...]) -> Iterator[tuple[str, Entry]]:
    here = Path(f"{root}{inner}")
    for name in sorted(child.name for child in here.iterdir()):
        path = f"{inner.rstrip('/')}/{name}"
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in excludes):
            continue
        outer = Path(f"{root}{path}")
        try:
            about = outer.lstat()
            entry = _entry(outer, about)
        except FileNotFoundError:
            continue  # gone between listing and looking: the next look tells
        if stat.S_ISDIR(about.st_mode):
            if about.st_dev != device:
                continue
            yield path, entry
            yield from _walk(root, path, device, excludes)
        else:
            yield path, entry


def _entry(path: Path, about: os.stat_result) -> Entry:
    mode = about.st_mode
    content = ""
    if stat.S_ISREG(mode):
        content = sha256_of(path)
    elif stat.S_ISLNK(mode):
        content = str(path.readlink())
    return Entry(stat.filemode(mode)[0], f"{stat.S_IMODE(mode):04o}", about.st_uid, about.st_gid, content)
