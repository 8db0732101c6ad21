"""known_hosts files: who is recorded under a name, and recording a key that a person accepted."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import os
from collections.abc import Iterator
from pathlib import Path

from provision.errors import EngineError
from provision.model import Frozen
from provision.ssh import Reach


class Entry(Frozen):
    """One key in a known_hosts file."""

    key_type: str
    key: str
    """base64, as in the file."""
    file: str
    line: int
    revoked: bool = False

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key)


def fingerprint(key: str) -> str:
    """`SHA256:…` of a base64 key, as ssh-keygen -l prints it."""
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _hash_matches(pattern: str, name: str) -> bool:
    try:
        _, _, salt, wanted = pattern.split("|")
        digest = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(digest, base64.b64decode(wanted))
    except (ValueError, binascii.Error):
        return False


def _names_match(patterns: str, name: str) -> bool:
    if patterns.startswith("|1|"):
        return _hash_matches(patterns, name)
    matched = False
    for pattern in patterns.lower().split(","):
        # [host]:port holds the one bracket pair that is no glob
        glob = pattern.lstrip("!").replace("[", "[[]")
        if fnmatch.fnmatchcase(name, glob):
            if pattern.startswith("!"):
                return False
            matched = True
    return matched


def _entries(path: str, name: str) -> Iterator[Entry]:
    try:
        if not Path(path).is_file():  # a pipe would be waited for, a device has no end
            return
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # absent or not ours to read: OpenSSH goes on without it too
        return
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        if len(words) < 3 or marker == "@cert-authority" or not _names_match(words[0], name):  # noqa: PLR2004 - name, type, key
            continue
        try:
            base64.b64decode(words[2], validate=True)
        except ValueError:  # binascii's, or one for letters beyond ASCII
            continue
        yield Entry(key_type=words[1], key=words[2], file=path, line=number, revoked=marker == "@revoked")


def recorded(reach: Reach) -> tuple[Entry, ...]:
    """What the user's and the system's files hold under the machine's name."""
    files = (*reach.known_hosts_files, *reach.global_known_hosts_files)
    return tuple(entry for path in files for entry in _entries(path, reach.key_name))


def recorded_without_port(reach: Reach) -> tuple[Entry, ...]:
    """What stands under the bare host name; OpenSSH takes a match there too, but no contradiction."""
    if not reach.key_name.startswith("["):
        return ()
    bare = reach.hostname.lower()
    files = (*reach.known_hosts_files, *reach.global_known_hosts_files)
    return tuple(entry for path in files for entry in _entries(path, bare))


def pinned(reaches: dict[str, Reach]) -> str:
    """The known_hosts of a run: what is recorded for each machine, under the name that paramiko looks up."""
    lines = []
    for reach in reaches.values():
        name = reach.hostname if reach.port == 22 else f"[{reach.hostname}]:{reach.port}"  # noqa: PLR2004 - ssh's port
        known = recorded(reach) or recorded_without_port(reach)
        revoked = {entry.key for entry in known if entry.revoked}
        lines += [f"{name} {entry.key_type} {entry.key}" for entry in known if entry.key not in revoked]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def record(reach: Reach, key_type: str, key: str) -> Path:
    """Add a key that a person accepted to the user's known_hosts, as one append."""
    if not reach.known_hosts_files:
        raise EngineError(f"{reach.alias}: UserKnownHostsFile is `none`, so its key cannot be kept")
    path = Path(reach.known_hosts_files[0])
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, f"{chr(10) if torn else ''}{reach.key_name} {key_type} {key}\n".encode())
        finally:
            os.close(handle)
    except OSError as error:
        raise EngineError(
            f"{path}: the key of {reach.alias} could not be added: {error.strerror}",
            remedy=f"add it by hand: {reach.key_name} {key_type} {key}",
        ) from None
    return path
