"""A server that stands in for the hosts and for a cloud, in the words of OpenAI's chat."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


class Models:
    """Every model says so; `how` names a fault of one (`503 once`), `calls` what one calls first."""

    def __init__(self) -> None:
        self.how: dict[str, str] = {}
        self.calls: dict[str, Mapping[str, Any]] = {}
        self.asked: list[str] = []
        self.http = _Server(("127.0.0.1", 0), _Handler)
        self.http.models = self
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def delegation(agent: str, words: str) -> Mapping[str, Any]:
    """The call that gives an agent a task."""
    given = {"description": "a task", "prompt": words, "subagent_type": agent}
    return {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "task", "arguments": json.dumps(given)},
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    models: Models


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        models = cast("_Server", self.server).models
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = asked["model"]
        models.asked.append(model)
        how, _, once = models.how.get(model, "ok").partition(" ")
        if once:
            del models.how[model]
        if how == "reset":
            self.connection.close()
            return
        if how != "ok":
            body = json.dumps({"error": {"message": "service unavailable, try again: its own words"}})
            self.send_response(int(how))
            self.send_header("retry-after-ms", "1")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for delta, reason in _answer(models, model, asked["messages"]):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            self.wfile.write(f"data: {json.dumps({'id': 'one', 'choices': [choice]})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")


def _answer(
    models: Models, model: str, messages: list[Any]
) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    last = messages[-1]
    if last["role"] == "tool":
        heard = str(last["content"])
        yield {"content": f"{model} heard: {heard}"}, None
        yield {}, "stop"
    elif model in models.calls:
        yield {"tool_calls": [models.calls[model]]}, None
        yield {}, "tool_calls"
    else:
        yield {"content": f"{model} says so"}, None
        yield {}, "stop"
