"""A slice of a pull against a server that says what the test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from ansible.module_utils.astraeus_models.api import Api, ApiError, UnreachableError
from ansible.module_utils.astraeus_models.pull import ATTEMPTS, pull_slice

HALF = {"status": "pulling abc", "digest": "sha256:abc", "total": 9_100_000_000, "completed": 3_800_000_000}
DONE = {**HALF, "completed": HALF["total"]}
VERIFYING = {"status": "verifying sha256 digest"}
SUCCESS = {"status": "success"}


class Server:
    """Answers each request with the next of its scripts: a list of events, or a status code."""

    def __init__(self) -> None:
        self.scripts: list[Any] = []
        self.asked: list[tuple[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, body))
                script = outer.scripts.pop(0)
                self.send_response(200)
                self.end_headers()
                self.wfile.write("".join(json.dumps(event) + "\n" for event in script).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        poll = {"poll_interval": 0.02}
        threading.Thread(target=self.http.serve_forever, kwargs=poll, daemon=True).start()

    @property
    def api(self) -> Api:
        return Api(self.http.server_port)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def pull(server: Server, *, deadline_s: float = 1e9, pauses: list[float] | None = None) -> str:
    ticks = iter(range(1000))
    said: str = pull_slice(
        server.api,
        "m:14b",
        insecure=True,
        deadline_s=deadline_s,
        clock=lambda: float(next(ticks)),
        pause=(pauses if pauses is not None else []).append,
    )
    return said


def test_a_pull_that_ends_with_success_is_done(server: Server) -> None:
    server.scripts = [[{"status": "pulling manifest"}, DONE, VERIFYING, SUCCESS]]
    assert pull(server) == ""
    assert server.asked == [("/api/pull", {"model": "m:14b", "insecure": True})]


def test_an_error_inside_a_200_is_an_error(server: Server) -> None:
    server.scripts = [[{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]]
    with pytest.raises(ApiError, match="file does not exist"):
        pull(server)
    assert len(server.asked) == 1


def test_a_stream_that_ends_without_success_is_an_error(server: Server) -> None:
    server.scripts = [[{"status": "pulling manifest"}, DONE]]
    with pytest.raises(ApiError, match="instead of success"):
        pull(server)


def test_a_slice_ends_at_its_deadline_and_says_how_far_it_is(server: Server) -> None:
    first = {**HALF, "completed": 3_716_000_000}
    server.scripts = [[first, first, HALF, HALF, DONE, SUCCESS]]
    assert pull(server, deadline_s=1.5) == "3.8 of 9.1 GB, 42 MB/s"


def test_verifying_and_writing_are_never_cut(server: Server) -> None:
    server.scripts = [[DONE, VERIFYING, {"status": "writing manifest"}, SUCCESS]]
    assert pull(server, deadline_s=-1) == ""


def test_a_network_that_comes_back_is_waited_for(server: Server) -> None:
    refused = {"error": "pull model manifest: Get: dial tcp 10.0.0.1:8081: connect: connection refused"}
    server.scripts = [[refused], [refused], [SUCCESS]]
    pauses: list[float] = []
    assert pull(server, pauses=pauses) == ""
    assert pauses == [1.0, 2.0]


def test_a_network_that_stays_away_is_an_error_in_the_end(server: Server) -> None:
    refused = {"error": "pull model manifest: 502: bad gateway"}
    server.scripts = [[refused]] * ATTEMPTS
    with pytest.raises(ApiError, match="502"):
        pull(server)
    assert server.scripts == []


def test_a_full_disk_is_not_tried_again(server: Server) -> None:
    server.scripts = [[{"error": "write sha256-abc-partial: no space left on device"}]]
    with pytest.raises(ApiError, match="no space left"):
        pull(server)


def test_a_server_that_is_not_there_is_told_apart(server: Server) -> None:
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(UnreachableError):
        server.api.tags()
