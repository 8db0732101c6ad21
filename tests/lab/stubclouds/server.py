"""The server: providers below their names, its switches below /stub, a page below /web."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

from .anthropic import MESSAGES
from .google import GENERATE
from .messages import Answer, Json, Question, Wire
from .openai_chat import CHAT
from .openai_responses import RESPONSES
from .script import OK, Clouds, Request, step_from

WIRES = (RESPONSES, CHAT, MESSAGES, GENERATE)
PAGE = "<html><body><p>A page of the stub web.</p></body></html>"
BAD_REQUEST, NOT_FOUND = 400, 404


class CloudServer(ThreadingHTTPServer):
    """Listens at once; `serve_forever` answers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, address: str = "") -> None:
        self.clouds = Clouds()
        super().__init__((address, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    began = 0.0

    def log_message(self, *args: object) -> None:
        """Say nothing; requests have lines of their own."""

    @property
    def clouds(self) -> Clouds:
        return cast("CloudServer", self.server).clouds

    @property
    def bare_path(self) -> str:
        """Without a query."""
        return urlsplit(self.path).path

    def do_GET(self) -> None:
        self.began = time.time()
        if self.bare_path == "/stub/requests":
            self._send(OK, [asdict(request) for request in self.clouds.requests])
        elif self.bare_path == "/stub/left":
            self._send(OK, [asdict(step) for step in self.clouds.left])
        elif self.bare_path.startswith("/web/"):
            self._record("web", self.bare_path, OK)
            self._send(OK, PAGE, "text/html")
        else:
            self._send(NOT_FOUND, {"error": "no such page"})

    def do_POST(self) -> None:
        self.began = time.time()
        text = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        wire = next((one for one in WIRES if re.fullmatch(one.path, self.bare_path)), None)
        try:
            body = json.loads(text or "{}")
            question = wire.read(self.bare_path, body) if wire else None
            if wire is None or question is None:
                self._switch(body)
                return
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{type(error).__name__}: {error}"
            self._send(BAD_REQUEST, wire.failure(BAD_REQUEST, said) if wire else {"error": said})
            return
        self._ask(wire, question, text)

    def _switch(self, body: Any) -> None:
        if self.bare_path == "/stub/reset":
            self.clouds.reset()
        elif self.bare_path == "/stub/mode":
            self.clouds.set_mode(body["model"], body["how"])
        elif self.bare_path == "/stub/script":
            self.clouds.append([step_from(step) for step in body])
        else:
            self._send(NOT_FOUND, {"error": "no such page"})
            return
        self._send(OK, {})

    def _ask(self, wire: Wire, question: Question, text: str) -> None:
        model = f"{wire.provider}/{question.model}"
        key = bool((self.headers.get(wire.key_header) or "").removeprefix("Bearer").strip())
        status = self.clouds.status(model, key=key)
        answer = self.clouds.answer(model, question) if status == OK else Answer()
        self._record(wire.provider, question.model, status, question, answer, key=key, body=text)
        if status != OK:
            self._send(status, wire.failure(status, ""))
        elif question.stream:
            self._stream(wire, question, answer)
        else:
            self._send(OK, wire.whole(question, answer))

    def _record(
        self,
        provider: str,
        model: str,
        status: int,
        question: Question | None = None,
        answer: Answer | None = None,
        *,
        key: bool = False,
        body: str = "",
    ) -> None:
        request = Request(
            time=self.began,
            provider=provider,
            model=model,
            tools=question.tools if question else (),
            user=question.said[-1] if question and question.said else "",
            results=question.results if question else (),
            key=key,
            status=status,
            called=tuple(call.name for call in answer.calls) if answer else (),
            body=body,
        )
        self.clouds.record(request)
        line = {name: value for name, value in asdict(request).items() if name != "body"}
        print(json.dumps(line), flush=True)

    def _send(self, status: int, body: Json | list[Any] | str, kind: str = "application/json") -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, wire: Wire, question: Question, answer: Answer) -> None:
        self.send_response(OK)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in wire.stream(question, answer):
            data = event.data if isinstance(event.data, str) else json.dumps(event.data)
            name = f"event: {event.name}\n" if event.name else ""
            self.wfile.write(f"{name}data: {data}\n\n".encode())
