"""What the loopback router costs: the first byte of an answer, and the rate of a long one."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from router.loopback import Loopback, Upstream
from tests.benchmarks.record import Section
from tests.benchmarks.timing import Way, compare
from tests.lab.lab import Lab
from tests.lab.models import bases
from tests.lab.own_ollama import serving
from tests.unit.router.standins import free_port, running

ADDED_GOAL_MS, RATE_GOAL = 2.0, 0.97
QUESTIONS, EVENTS = 20, 200_000
AT_ONCE = 400
"""Questions to a stand-in that answers at once, by turns through the router and directly."""
EVENT = b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": " word"}}]}).encode() + b"\n\n"


def measure(pairs: int = 20) -> Section:
    """Ask a real Ollama, and a stand-in that has more to say, directly and through the router."""
    model = bases()[0]
    with tempfile.TemporaryDirectory() as name, serving(Lab.load(), _folder(name, "ollama")) as ollama:
        with _pooled(_folder(name, "first"), ollama.port, model) as port:
            first_byte = compare(
                "first byte",
                Way(f"{QUESTIONS} questions through the router", lambda: _ask(port, model)),
                Way(f"{QUESTIONS} questions to Ollama itself", lambda: _ask(ollama.port, model)),
                pairs=pairs,
            )
        with _talker(1) as prompt, _pooled(_folder(name, "added"), prompt, model) as port:
            added = _added(port, prompt, model)
        with _talker(EVENTS) as talker, _pooled(_folder(name, "rate"), talker, model) as port:
            rate = compare(
                "long answer",
                Way(f"{EVENTS} events through the router", lambda: _read(port, model)),
                Way(f"{EVENTS} events directly", lambda: _read(talker, model)),
                pairs=pairs,
                goal=1 / RATE_GOAL,
            )
    return Section(
        "loopback",
        "Questions through a workstation's loopback router (the real HAProxy with the configuration that is "
        "published) against the same questions asked directly, all on this machine. *First byte*: a real Ollama, "
        "the lab's smallest model, one question after another; what the router adds is too little to be seen "
        "there, and is measured with a stand-in that answers at once. *Long answer*: a stand-in that sends tokens "
        "as fast as it can, far faster than any model; the goal of 0.97 of the direct rate is a ratio of times.",
        (first_byte, rate),
        remarks=(added,),
        if_missed="a connection kept to the client, which HAProxy would then close in silence at a host's fault.",
    )


def _added(routed: int, direct: int, model: str) -> str:
    firsts: dict[int, list[float]] = {routed: [], direct: []}
    for _ in range(AT_ONCE):
        for port, taken in firsts.items():
            taken.append(_first_byte(port, model))
    added_ms = 1000 * (statistics.median(firsts[routed]) - statistics.median(firsts[direct]))
    met = "met" if added_ms < ADDED_GOAL_MS else "**missed**"
    return (
        f"First byte, medians of {AT_ONCE} questions each, by turns: the router adds {added_ms:.2f} ms "
        f"(goal < {ADDED_GOAL_MS:g} ms: {met})."
    )


def _folder(name: str, below: str) -> Path:
    path = Path(name) / below
    path.mkdir()
    return path


@contextmanager
def _pooled(folder: Path, port: int, model: str) -> Iterator[int]:
    upstream = Upstream(name="host", host="127.0.0.1", port=port, models=(model,), slots=4)
    loopback = Loopback(port=free_port(), upstreams=(upstream,), first_byte_s={model: 60})
    with running(folder, loopback):
        yield loopback.port


def _begin(port: int, model: str) -> http.client.HTTPResponse:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    said = [{"role": "user", "content": "Is the model ready?"}]
    client.request(
        "POST", "/v1/chat/completions", json.dumps({"model": model, "messages": said, "stream": True})
    )
    return client.getresponse()


def _first_byte(port: int, model: str) -> float:
    begun = time.perf_counter()
    response = _begin(port, model)
    response.read(1)
    taken_s = time.perf_counter() - begun
    response.read()
    return taken_s


def _ask(port: int, model: str) -> None:
    for _ in range(QUESTIONS):
        _first_byte(port, model)


def _read(port: int, model: str) -> None:
    got = len(_begin(port, model).read())
    if got != EVENTS * len(EVENT):
        raise RuntimeError(f"{got} bytes came of {EVENTS * len(EVENT)}")


@contextmanager
def _talker(events: int) -> Iterator[int]:
    """A stand-in for a host that says so many events at once."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for _ in range(events):
                self.wfile.write(EVENT)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
