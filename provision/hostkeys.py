"""Host keys: what every machine shows, held against what is on file. Nobody is asked here."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, cast

import paramiko

from provision.facts import Unreached, UnreachedKind
from provision.foreign import printable
from provision.handshake import CLOSES, guard
from provision.knownhosts import Entry, fingerprint, recorded, recorded_without_port
from provision.model import Frozen
from provision.proxy import Proxy
from provision.ssh import CONNECT_TIMEOUT_S, Reach
from provision.unreached import NO_NAME, REFUSED, SILENT, seen

MAX_THREADS = 512
guard()
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


def shown_key(reach: Reach, known: tuple[Entry, ...], timeout_s: float) -> paramiko.PKey:
    """The key a machine shows; OSError or SSHException when it shows none in time."""
    if not reach.proxy_command:
        with socket.create_connection((reach.hostname, reach.port), timeout=timeout_s) as connection:
            return _exchanged_key(connection, known, timeout_s)
    proxy = Proxy(reach.proxy_command)
    try:
        return _exchanged_key(proxy, known, timeout_s)
    except (OSError, paramiko.SSHException) as error:
        if proxy.last_words:
            raise ProxyError(proxy.last_words) from error
        raise
    finally:
        proxy.close()


def _exchanged_key(
    connection: socket.socket | Proxy, known: tuple[Entry, ...], timeout_s: float
) -> paramiko.PKey:
    transport = paramiko.Transport(cast("socket.socket", connection))
    try:
        transport.banner_timeout = timeout_s
        options = transport.get_security_options()
        options.key_types = _preferred(tuple(options.key_types), known)
        transport.start_client(timeout=timeout_s)
        return transport.get_remote_server_key()
    finally:
        transport.close()


def why_unreached(error: BaseException) -> Unreached:
    """A connection's failure in words a person uses."""
    if isinstance(error, ProxyError):
        return _way_breaks_off(error)
    said = str(error)
    return seen(said) or _usual(error, said)


def _usual(error: BaseException, said: str) -> Unreached:
    match error:
        case socket.gaierror():
            return NO_NAME
        case UnicodeError():
            return NO_NAME.model_copy(update={"reason": f"{NO_NAME.reason}: it has no form that DNS knows"})
        case TimeoutError():
            return SILENT
        case ConnectionRefusedError():
            return REFUSED
        case OSError(strerror=str(reason)):
            return Unreached(kind="silent", reason=reason.lower())
    banner = "banner" in said.lower() or "timeout" in said.lower()
    return SILENT if banner else Unreached(kind="other", reason=printable(said) or type(error).__name__)


def _way_breaks_off(error: ProxyError) -> Unreached:
    said = str(error).lower()
    kinds: dict[str, UnreachedKind] = {"host key": "host key", "permission denied": "login"}
    kind = next((kind for words, kind in kinds.items() if words in said), None)
    if kind is None and error.__cause__ is not None:
        # A bastion that closes the way says why; the machine behind it said nothing.
        kind = "silent" if CLOSES in str(error.__cause__) else why_unreached(error.__cause__).kind
    return Unreached(kind=kind or "other", reason=f"the way to it breaks off: {printable(str(error))}")


def resolvable(reach: Reach) -> bool:
    """Whether its host name has a form that can be asked for at all; `a..b` has none."""
    try:
        reach.hostname.encode("idna")
    except UnicodeError:
        return reach.proxy_command is not None
    return True


def check_one(reach: Reach, timeout_s: float) -> HostKey:
    """Look at one machine's key."""
    entries, fallback = recorded(reach), recorded_without_port(reach)
    try:
        shown = shown_key(reach, entries or fallback, timeout_s)
    except (OSError, UnicodeError, paramiko.SSHException) as error:
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
