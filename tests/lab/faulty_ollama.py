"""A stand-in for an Ollama that fails in ways that a real one cannot be brought to: MODEL,… PORT HOW.

HOW is a status (429, 500, 503), `cut` (the connection breaks before the first byte) or `midstream`. It lists
its models as a healthy one does. Runs on a host of the lab; every question is one line on stdout.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OK, NOT_FOUND = 200, 404
RESET = struct.pack("ii", 1, 0)  # linger for no time: the connection is reset


class Faulty(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    models: tuple[str, ...] = ()
    how = ""

    def log_message(self, *args: object) -> None:
        """Say nothing; questions have lines of their own."""

    def do_GET(self) -> None:
        if self.path == "/api/tags":
            self._send(OK, {"models": [{"name": model, "model": model} for model in self.models]})
        elif self.path == "/v1/models":
            self._send(OK, {"object": "list", "data": [{"id": model} for model in self.models]})
        else:
            self._send(NOT_FOUND, {"error": "no such page"})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        print(text, flush=True)
        if self.how == "midstream":
            self.send_response(OK)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            delta = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "half an "}}]}
            event = f"data: {json.dumps(delta)}\n\n".encode()
            self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            self.wfile.flush()
        if self.how in {"cut", "midstream"}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.close_connection = True
            self.connection.close()
            return
        self._send(int(self.how), {"error": {"message": "stand-in", "type": "api_error"}})

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    Faulty.models, Faulty.how = tuple(sys.argv[1].split(",")), sys.argv[3]
    ThreadingHTTPServer(("", int(sys.argv[2])), Faulty).serve_forever()
