"""Servers that are none, on this machine: what each says, and no more; and the way to one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from provision.ssh import Reach

Door = Callable[[socket.socket], None]


def closes(connection: socket.socket) -> None:
    """Says nothing."""


def silent(connection: socket.socket) -> None:
    """Takes the connection, and that is all."""
    time.sleep(30)


def web(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.0 400 Bad\r\n\r\n")
    connection.recv(1024)


def greets(connection: socket.socket) -> None:
    """As an SSH server does, and then no more."""
    connection.sendall(b"SSH-2.0-x\r\n")
    time.sleep(30)


def drips(connection: socket.socket) -> None:
    """A letter now and then."""
    while True:
        connection.sendall(b"S")
        time.sleep(0.2)


def floods(connection: socket.socket) -> None:
    """A greeting without an end."""
    while True:
        connection.sendall(b"A" * 65536)


def steers(connection: socket.socket) -> None:
    """Has words for the terminal in its version."""
    connection.sendall(b"SSH-1.5\x1b[31m\xc2\x9b31m-evil\r\n")
    time.sleep(30)


def boasts(connection: socket.socket) -> None:
    """Announces a packet of two GiB."""
    connection.sendall(b"SSH-2.0-x\r\n\x7f\xff\xff\xfc\x04" + b"A" * 11)
    while True:
        connection.sendall(b"A" * 65536)


def mumbles(connection: socket.socket) -> None:
    """Greets, and then speaks no SSH."""
    connection.sendall(b"SSH-2.0-x\r\n" + b"\x00\x00\x00\x0c\x0a" + b"\x01" * 400)
    time.sleep(30)


def reach(tmp_path: Path, hostname: str = "gpu.local", port: int = 22, **more: object) -> Reach:
    return Reach.model_validate(
        {
            "alias": "gpu",
            "hostname": hostname,
            "port": port,
            "user": "ops",
            "known_hosts_files": (str(tmp_path / "ssh" / "known_hosts"),),
            "global_known_hosts_files": (str(tmp_path / "global"),),
            **more,
        }
    )


@contextmanager
def behind(door: Door) -> Iterator[int]:
    """Its port, while the server runs."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            door(connection)

    def listen() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
