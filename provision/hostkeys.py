"""Host keys: what every machine shows, held against what is on file. Nobody is asked here."""

from __future__ import annotations

import base64
import logging
import os
import shlex
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Literal

import paramiko

from provision.facts import Unreached, UnreachedKind
from provision.knownhosts import Entry, fingerprint, recorded, recorded_without_port
from provision.model import Frozen
from provision.ssh import CONNECT_TIMEOUT_S, Reach

MAX_THREADS = 64
# Without a handler paramiko's failures would reach the terminal as tracebacks; they are told as reasons.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class ProxyError(paramiko.SSHException):
    """The proxy or bastion on the way said why it does not lead there."""


class HostKey(Frozen):
    """The verdict on one machine."""

    state: Literal["known", "unknown", "changed", "unreachable"]
    kind: UnreachedKind = "other"
    """Of what kept it from being reached."""
    key_type: str = ""
    key: str = ""
    """base64; what the machine showed."""
    reason: str = ""
    """Why it was not reached, or why a shown key is refused."""
    expected: str = ""
    """Fingerprint on file, where the key changed."""
    file: str = ""
    line: int = 0

    @property
    def fingerprint(self) -> str:
        """`SHA256:…` of the shown key."""
        return fingerprint(self.key) if self.key else ""


def judge(entries: tuple[Entry, ...], fallback: tuple[Entry, ...], key_type: str, key: str) -> HostKey:
    """Hold a shown key against the entries under the machine's name, and under its name without the port."""
    shown = HostKey(state="known", key_type=key_type, key=key)
    for entry in (*entries, *fallback):
        if entry.revoked and entry.key == key:
            where = {"file": entry.file, "line": entry.line}
            return shown.model_copy(
                update={"state": "changed", "reason": "this key is marked as revoked", **where}
            )
    valid = [entry for entry in entries if not entry.revoked]
    for entry in (*valid, *(entry for entry in fallback if not entry.revoked)):
        if entry.key == key:
            return shown.model_copy(update={"file": entry.file, "line": entry.line})
    if not valid:
        return shown.model_copy(update={"state": "unknown"})
    against = next((entry for entry in valid if entry.key_type == key_type), valid[0])
    return shown.model_copy(
        update={
            "state": "changed",
            "reason": f"it shows another key than the {against.key_type} key on file",
            "expected": against.fingerprint,
            "file": against.file,
            "line": against.line,
        }
    )


def _preferred(offered: tuple[str, ...], known: tuple[Entry, ...]) -> list[str]:
    """Signature algorithms, known keys' first: of several keys a server then shows the known one."""
    types = {entry.key_type for entry in known if not entry.revoked}
    if "ssh-rsa" in types:
        types |= {"rsa-sha2-512", "rsa-sha2-256"}
    return sorted(offered, key=lambda name: name not in types)


def _connect(reach: Reach, timeout_s: float) -> socket.socket | paramiko.ProxyCommand:
    if reach.proxy_command:
        return paramiko.ProxyCommand(f"sh -c {shlex.quote('exec ' + reach.proxy_command)}")
    return socket.create_connection((reach.hostname, reach.port), timeout=timeout_s)


def shown_key(reach: Reach, known: tuple[Entry, ...], timeout_s: float) -> paramiko.PKey:
    """The key a machine shows; OSError or SSHException when it shows none in time."""
    connection = _connect(reach, timeout_s)
    try:
        return _exchanged_key(connection, known, timeout_s)
    except (OSError, EOFError, paramiko.SSHException) as error:
        said = _last_words(connection) if isinstance(connection, paramiko.ProxyCommand) else ""
        if said:
            raise ProxyError(said) from error
        raise
    finally:
        with suppress(ProcessLookupError):
            connection.close()


def _last_words(proxy: paramiko.ProxyCommand) -> str:
    """What a proxy complained of, in one line; it may still run and hold its stderr open."""
    complaints = proxy.process.stderr
    if complaints is None:
        return ""
    os.set_blocking(complaints.fileno(), False)
    said = (complaints.read() or b"").decode(errors="replace")
    return " ".join(line.strip() for line in said.splitlines()[-3:] if line.strip())


def _exchanged_key(
    connection: socket.socket | paramiko.ProxyCommand, known: tuple[Entry, ...], timeout_s: float
) -> paramiko.PKey:
    transport = paramiko.Transport(connection)
    try:
        transport.banner_timeout = timeout_s
        options = transport.get_security_options()
        options.key_types = _preferred(tuple(options.key_types), known)
        transport.start_client(timeout=timeout_s)
        if not transport.initial_kex_done:  # past its timeout start_client just returns
            raise TimeoutError
        return transport.get_remote_server_key()
    finally:
        transport.close()


def why_unreached(error: BaseException) -> Unreached:
    """A connection's failure in words a person uses."""
    said = str(error).lower()
    if isinstance(error, ProxyError):
        kinds: dict[str, UnreachedKind] = {"host key": "host key", "permission denied": "login"}
        kind = next((kind for words, kind in kinds.items() if words in said), None)
        if kind is None and error.__cause__ is not None:
            kind = why_unreached(error.__cause__).kind
        return Unreached(kind=kind or "other", reason=f"the way to it breaks off: {error}")
    if isinstance(error, socket.gaierror):
        return Unreached(kind="name", reason="its name does not resolve")
    if isinstance(error, TimeoutError) or "timeout" in said or "banner" in said or "timed out" in said:
        return Unreached(kind="silent", reason="it does not answer (timed out)")
    if isinstance(error, ConnectionRefusedError):
        return Unreached(kind="refused", reason="it refuses the connection: no SSH server on that port")
    if isinstance(error, OSError) and error.strerror:
        return Unreached(kind="silent", reason=error.strerror.lower())
    return Unreached(kind="other", reason=str(error) or type(error).__name__)


def check_one(reach: Reach, timeout_s: float) -> HostKey:
    """Look at one machine's key."""
    entries, fallback = recorded(reach), recorded_without_port(reach)
    try:
        shown = shown_key(reach, entries or fallback, timeout_s)
    except (OSError, EOFError, paramiko.SSHException) as error:
        why = why_unreached(error)
        return HostKey(state="unreachable", kind=why.kind, reason=why.reason)
    return judge(entries, fallback, shown.get_name(), base64.b64encode(shown.asbytes()).decode())


def check(reaches: Mapping[str, Reach], timeout_s: float = CONNECT_TIMEOUT_S) -> dict[str, HostKey]:
    """Look at all machines at once; dead ones together cost one timeout."""
    if not reaches:
        return {}
    with ThreadPoolExecutor(max_workers=min(MAX_THREADS, len(reaches))) as pool:
        return dict(
            zip(reaches, pool.map(lambda reach: check_one(reach, timeout_s), reaches.values()), strict=True)
        )
