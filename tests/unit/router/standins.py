"""Stand-ins for Ollama hosts that misbehave in every way, and the real HAProxy between them and a client."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

from router.loopback import WORD, Loopback, config_hash, haproxy_config
from router.service import supervisor
from tests.programs import need

LIMIT_S = 1


class Host:
    """An Ollama host; `how` says what it does with a question to a model."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.how = "ok"
        self.asked: list[str] = []
        self.broken_off = threading.Event()
        self.go_on = threading.Event()
        self.address = address
        self.server = _server(self, port)
        self.port = int(self.server.server_address[1])

    def stop(self) -> None:
        """Refuse from now on."""
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()

    def start(self) -> None:
        """Be there again."""
        self.server = _server(self, self.port)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    @property
    def host(self) -> Host:
        return cast("_Server", self.server).host

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        with suppress(OSError):  # HAProxy hangs up after a look
            self.answer(200, b'{"models":[]}')

    def do_DELETE(self) -> None:
        self.host.asked.append("delete")
        self.answer(200, b"")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.host.asked.append(asked["model"])
        with suppress(OSError):
            self.behave(self.host.how)

    def behave(self, how: str) -> None:
        if how.isdigit():
            self.answer(int(how), b'{"error":"its own words"}')
            return
        if how in ("reset", "empty"):
            self.hang_up(reset=how == "reset")
            return
        if how == "hang":
            self.wait_for_the_client_to_go()
            return
        if how == "slow":
            self.host.go_on.wait(LIMIT_S * 0.6)
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for word in ("one", "two"):
            self.wfile.write(f"{len(word):x}\r\n{word}\r\n".encode())
            self.wfile.flush()
            if how == "cut":
                self.hang_up(reset=False)
                return
            if word == "one" and how == "stream":
                self.host.go_on.wait(20)
        self.wfile.write(b"0\r\n\r\n")

    def wait_for_the_client_to_go(self) -> None:
        self.connection.settimeout(10)
        try:
            gone = self.connection.recv(1) == b""
        except ConnectionError:
            gone = True
        if gone:
            self.host.broken_off.set()

    def hang_up(self, *, reset: bool) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    host: Host


def _server(host: Host, port: int) -> _Server:
    server = _Server((host.address, port), _Handler)
    server.host = host
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Neither take nor refuse a connection there, as a machine whose plug was pulled."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind(("127.0.0.1", port))
        full.listen(0)
        for one in (first, second):
            one.settimeout(0)
            with suppress(BlockingIOError):
                one.connect(full.getsockname())
        yield


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(folder: Path, loopback: Loopback, *before: str) -> subprocess.Popen[bytes]:
    """As the unit runs it: our script around the real HAProxy; it looks names up a little oftener."""
    need("haproxy")
    config, script = folder / "haproxy.cfg", folder / "router.sh"
    config.write_text(haproxy_config(loopback))
    script.write_text(supervisor().replace("every_s=3", "every_s=1"))
    argv = [*before, "sh", str(script), "haproxy", str(config)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)


@contextmanager
def running(folder: Path, loopback: Loopback, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run it until it answers; at its end nothing of it is left."""
    process = start(folder, loopback, *before)
    try:
        until(lambda: answers(loopback))
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        until(lambda: not is_alive(process.pid), within_s=2)
        assert not answers(loopback), "something of it is left running"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    said = (folder / "log").read_text()
    assert "POST" not in said, "a request was logged"


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], bool], within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(loopback: Loopback) -> bool:
    try:
        status, text = request(loopback, "GET", "/-/router")
    except OSError:
        return False
    return status == 200 and text == f"{WORD} {config_hash(loopback)}"


def request(
    loopback: Loopback, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    client = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
    client.request(method, path, body, headers or {})
    response = client.getresponse()
    return response.status, response.read().decode()


def begin(
    loopback: Loopback, model: str, more: str = "", client: http.client.HTTPConnection | None = None
) -> http.client.HTTPResponse:
    """Ask, and return as soon as the answer begins; the model's name stands last in the body."""
    client = client or http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
    client.request("POST", "/v1/chat/completions", json.dumps({"messages": more, "model": model}))
    return client.getresponse()


def ask(loopback: Loopback, model: str, more: str = "") -> tuple[int, str]:
    """Return status and text; a text that was cut says so."""
    response = begin(loopback, model, more)
    try:
        return response.status, response.read().decode()
    except http.client.IncompleteRead as error:
        return response.status, f"cut after {error.partial.decode()}"
