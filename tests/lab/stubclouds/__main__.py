"""`python3 -m stubclouds PORT`: serve until stopped; every request is a JSON line on stdout."""

from __future__ import annotations

import os
import socket
import sys

from .server import CloudServer


def main(port: int) -> None:
    """Tell systemd when the port listens, so that a machine that is up answers."""
    with CloudServer(port) as server:
        if told := os.environ.get("NOTIFY_SOCKET"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling:
                telling.sendto(b"READY=1", told)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
