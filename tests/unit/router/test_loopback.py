"""The real HAProxy with our configuration, between a client and hosts that misbehave in every way."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from router.loopback import (
    WORD,
    Loopback,
    Upstream,
    config_hash,
    first_byte_s,
    haproxy_config,
    supervisor,
    systemd_unit,
)
from tests.programs import missing, need

SMALL, BIG = "small:1b", "big"
LIMIT_S = 1


class Host:
    """A stand-in for an Ollama host; `how` says what it does with a request for a model."""

    def __init__(self) -> None:
        self.how = "ok"
        self.asked: list[str] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.answer(200, b'{"models":[]}')

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                host.asked.append(asked["model"])
                host.behave(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        serve(self.server)

    def behave(self, handler: BaseHTTPRequestHandler) -> None:
        if self.how.isdigit():
            handler.answer(int(self.how), b'{"error":"its own words"}')  # type: ignore[attr-defined]
            return
        if self.how == "reset":
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if self.how in ("reset", "empty"):
            handler.connection.shutdown(
                socket.SHUT_RDWR
            ) if self.how == "empty" else handler.connection.close()
            handler.close_connection = True
            return
        if self.how == "hang":
            gone.wait(20)
        if self.how == "slow":
            gone.wait(LIMIT_S * 0.6)
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for word in ("one", "two"):
            handler.wfile.write(f"{len(word):x}\r\n{word}\r\n".encode())
            handler.wfile.flush()
            if self.how == "cut":
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
                return
            if word == "one" and self.how == "stream":
                stepped.wait(10)
        handler.wfile.write(b"0\r\n\r\n")

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def serve(server: ThreadingHTTPServer) -> None:
    """Until it is shut down, which is seen at the next poll."""
    poll = {"poll_interval": 0.02}
    threading.Thread(target=server.serve_forever, kwargs=poll, daemon=True).start()


gone = threading.Event()
stepped = threading.Event()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    gone.clear()
    stepped.clear()
    both = (Host(), Host())
    yield both
    gone.set()
    stepped.set()
    for one in both:
        one.stop()


def pool(hosts: tuple[Host, Host], *, names: tuple[str, str] = ("127.0.0.1", "127.0.0.1")) -> Loopback:
    """The second host serves the big model alone."""
    first, second = hosts
    return Loopback(
        port=free_port(),
        upstreams=(
            Upstream(name="a", host=names[0], port=first.port, models=(SMALL, BIG), slots=2),
            Upstream(name="b", host=names[1], port=second.port, models=(BIG,), slots=2),
        ),
        first_byte_s={SMALL: LIMIT_S, BIG: LIMIT_S},
    )


@contextmanager
def running(folder: Path, loopback: Loopback, path: str = "") -> Iterator[None]:
    """As the unit runs it: our script around the real HAProxy."""
    need("haproxy")
    config, script = folder / "haproxy.cfg", folder / "router.sh"
    config.write_text(haproxy_config(loopback))
    script.write_text(supervisor())
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    argv = ["sh", str(script), "haproxy", str(config), *loopback.names]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=env, start_new_session=True)
    try:
        until(lambda: answers(loopback))
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not answers(loopback), "something of it is left running"
    assert "POST" not in (folder / "log").read_text()


def until(condition: object, within_s: float = 15) -> None:
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(loopback: Loopback) -> bool:
    try:
        status, text, _ = get(loopback, "/-/router")
    except OSError:
        return False
    return status == 200 and text == f"{WORD} {config_hash(loopback)}"


def get(loopback: Loopback, path: str) -> tuple[int, str, http.client.HTTPResponse]:
    client = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
    client.request("GET", path)
    response = client.getresponse()
    return response.status, response.read().decode(), response


def ask(loopback: Loopback, model: str = SMALL, more: str = "") -> tuple[int, str, str | None]:
    """Return status, text and the header that says when to try again."""
    client = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
    body = json.dumps({"messages": more, "model": model})
    client.request("POST", "/v1/chat/completions", body)
    response = client.getresponse()
    try:
        text = response.read().decode()
    except http.client.IncompleteRead as error:
        text = f"cut after {error.partial.decode()}"
    return response.status, text, response.headers["retry-after-ms"]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("404", "does not have the model"),
        ("429", "busy"),
        ("500", "fault of its own"),
        ("503", "busy"),
        ("empty", "broke the connection off"),
        ("reset", "broke the connection off"),
        ("hang", f"within {LIMIT_S} s"),
    ],
)
def test_every_fault_becomes_the_one_answer(
    tmp_path: Path, hosts: tuple[Host, Host], how: str, why: str
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        assert ask(loopback)[:2] == (200, "onetwo")
        hosts[0].how = how
        status, text, again = ask(loopback)
        message = json.loads(text)["error"]["message"]
        assert status in (502, 503, 504)
        assert again == "1"
        assert message.startswith("service unavailable, try again: the GPU pool cannot answer (")
        assert why in message
        assert hosts[0].asked == [SMALL, SMALL], "it was asked once, not again and again"
        assert hosts[1].asked == [], "it does not serve that model"


def test_what_is_the_users_own_fault_passes_unchanged(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = "400"
        assert ask(loopback)[:2] == (400, '{"error":"its own words"}')
        status, text, _ = ask(loopback, "nobody-has-it")
        assert (status, "no host serves that model" in text) == (503, True)


@pytest.mark.parametrize("how", ["404", "500", "503", "empty"])
def test_another_host_that_serves_the_model_is_asked_first(
    tmp_path: Path, hosts: tuple[Host, Host], how: str
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = how
        assert [ask(loopback, BIG)[:2] for _ in range(4)] == [(200, "onetwo")] * 4
        assert len(hosts[1].asked) == 4


def test_a_dead_host_costs_nothing_and_is_used_again_when_it_is_back(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].stop()
        assert [ask(loopback, BIG)[0] for _ in range(4)] == [200] * 4
        status, text, _ = ask(loopback, SMALL)
        assert (status, "is reachable" in text) == (503, True)
        again = ThreadingHTTPServer(("127.0.0.1", hosts[0].port), hosts[0].server.RequestHandlerClass)
        again.daemon_threads = True
        hosts[0].server = again
        serve(again)
        until(lambda: ask(loopback, SMALL)[0] == 200, within_s=10)


def test_streams_pass_word_by_word_and_a_cut_is_a_cut(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        hosts[0].how = "stream"
        client = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
        client.request("POST", "/v1/chat/completions", json.dumps({"model": SMALL}))
        response = client.getresponse()
        assert response.read(3) == b"one"
        stepped.set()
        assert response.read() == b"two"
        hosts[0].how = "cut"
        assert ask(loopback)[:2] == (200, "cut after one")
        hosts[0].how = "slow"
        assert ask(loopback)[:2] == (200, "onetwo")


def test_models_are_told_apart_in_bodies_of_any_size(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    loopback = pool(hosts)
    with running(tmp_path, loopback):
        assert ask(loopback, f"{BIG}:latest")[0] == 200
        assert ask(loopback, BIG, 'a "model": ' * 50_000)[0] == 200
        client = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=10)
        client.request("POST", "/v1/x", json.dumps({"model": SMALL, "messages": "x" * 3_000_000}))
        assert client.getresponse().status == 200
        assert get(loopback, "/v1/models")[0] == 200


def test_it_starts_without_a_name_and_follows_it_to_another_address(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    # A stand-in for the system's resolver, as HAProxy itself asks it: both read this file.
    hosts_file = Path("/etc/hosts")
    name = "astraeus-test-host.invalid"
    loopback = pool(hosts, names=(name, "127.0.0.1"))
    before = hosts_file.stat().st_size
    if not os.access(hosts_file, os.W_OK):
        missing("right to name a host in /etc/hosts")
    try:
        with running(tmp_path, loopback):
            assert ask(loopback, SMALL)[0] == 503
            assert ask(loopback, BIG)[0] == 200
            with hosts_file.open("ab") as file:
                file.write(f"127.0.0.1 {name}\n".encode())
            until(lambda: ask(loopback, SMALL)[0] == 200, within_s=10)
    finally:
        # Tests beside this one find every other name at every moment.
        os.truncate(hosts_file, before)


def test_a_larger_model_gets_more_time_but_less_than_the_plugin_waits() -> None:
    assert first_byte_s(0) == 30
    assert first_byte_s(9_000_000_000) == 57
    assert first_byte_s(400_000_000_000) < 90


def test_a_unit_quotes_what_systemd_would_expand() -> None:
    unit = systemd_unit("/home/a b/r.sh", "/usr/sbin/haproxy", "/x%y$z.cfg", ["gpu.local"])
    assert 'ExecStart="/bin/sh" "/home/a b/r.sh" "/usr/sbin/haproxy" "/x%%y$$z.cfg" "gpu.local"' in unit
