"""What a server that is no SSH server, or a hostile one, may do to paramiko: little, for a short time.

paramiko itself reads a greeting of any length for as long as it comes, believes any packet length, and tells
a closed door as a timeout. `guard` bounds the first two, and lets each failure say what was seen.
pyinfra's process loads this too: what starts slowly is not imported here.
"""

from __future__ import annotations

from typing import Any

import paramiko
from paramiko.packet import Packetizer

from provision.foreign import printable

MAX_GREETING_BYTES = 16 * 1024
MAX_PACKET_BYTES = 1024 * 1024
"""OpenSSH takes a quarter of that."""
SHOWN_CHARACTERS = 60

CLOSES = "it closes the connection before it greets: another service, or a server that turns you away"
ANOTHER = "it is no SSH server on that port"
GREETS = "its SSH server greets"
NONSENSE = "its SSH server speaks nonsense"

_read_some: Any = getattr(Packetizer, "_read_timeout")  # noqa: B009 - the stubs leave it out
_read_all = Packetizer.read_all
_start_client = paramiko.Transport.start_client
_server_key = paramiko.Transport.get_remote_server_key


def guard() -> None:
    """Bound every connection that paramiko makes in this process."""
    changed: Any = Packetizer
    changed._read_timeout = _bounded_greeting  # noqa: SLF001 - paramiko offers no other place
    changed.read_all = _bounded_packet
    changed = paramiko.Transport
    changed.start_client = _plain_failures
    changed.get_remote_server_key = _key_or_what_was_seen


def _another(heard: bytes | bytearray) -> str:
    line = printable(heard.decode(errors="replace").strip().partition("\n")[0].strip())
    return f"{ANOTHER}: it says {line[:SHOWN_CHARACTERS]!r}" if line else CLOSES


def _greets(transport: paramiko.Transport) -> str:
    return f"{GREETS} ({printable(transport.remote_version)[:SHOWN_CHARACTERS]})"


def _bounded_greeting(packetizer: Packetizer, timeout: float) -> bytes:
    """More of the greeting; paramiko reads lines until one is SSH's."""
    heard: bytearray = packetizer.__dict__.setdefault("astraeus_heard", bytearray())
    try:
        more: bytes = _read_some(packetizer, timeout)
    except (EOFError, ConnectionError):
        raise EOFError(f": {_another(heard)}") from None
    heard += more
    if len(heard) > MAX_GREETING_BYTES:
        raise paramiko.SSHException(f": {_another(heard)}")
    return more


def _bounded_packet(packetizer: Packetizer, n: int, check_rekey: bool = False) -> bytes:  # noqa: FBT001, FBT002 - paramiko's
    if n > MAX_PACKET_BYTES:
        raise paramiko.SSHException(f"{NONSENSE} (a packet of {n} bytes)")
    return _read_all(packetizer, n, check_rekey)


def _plain_failures(transport: paramiko.Transport, *args: Any, **more: Any) -> None:
    """start_client; whatever a hostile answer broke in paramiko is that machine's failure, and no fault."""
    try:
        _start_client(transport, *args, **more)
    except EOFError:
        raise paramiko.SSHException(f"{_greets(transport)}, and then closes the connection") from None
    except paramiko.SSHException as error:
        if str(error) != "Negotiation failed.":  # paramiko's words where it knows no more
            raise
        raise paramiko.SSHException(f"{_greets(transport)}, and then speaks nonsense") from None
    except OSError:
        raise
    except Exception as error:
        raise paramiko.SSHException(f"{NONSENSE} ({type(error).__name__})") from error


def _key_or_what_was_seen(transport: paramiko.Transport) -> paramiko.PKey:
    """Past its timeout start_client just returns, and then there is no key."""
    if transport.initial_kex_done:
        return _server_key(transport)
    heard = transport.packetizer.__dict__.get("astraeus_heard", b"")
    if transport.remote_version:
        raise paramiko.SSHException(f"{_greets(transport)}, and then says no more (timed out)")
    if heard:
        raise paramiko.SSHException(_another(heard))
    raise TimeoutError("timed out")
