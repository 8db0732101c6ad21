"""The server's HTTP API on loopback. An error inside an answer of 200 is an error."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.astraeus_models.names import full

# Verifying a blob of 18 GB on a slow disk is minutes of silence.
TIMEOUT_S = 900


class ApiError(Exception):
    """The server refused, or said an error in its stream."""


class UnreachableError(ApiError):
    """Nothing answers on the port."""


class Api:
    """One server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def _send(self, method: str, path: str, body: object) -> tuple[http.client.HTTPConnection, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        payload = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise UnreachableError(f"nothing answers on 127.0.0.1:{self._port}: {error}") from error

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One whole answer."""
        connection, response = self._send(method, path, body)
        try:
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        answer = json.loads(text) if text.strip().startswith("{") else {}
        if response.status >= http.client.BAD_REQUEST or "error" in answer:
            raise ApiError(
                str(answer.get("error", f"{method} {path} answers {response.status}: {text[:200]}"))
            )
        return answer

    def stream(self, path: str, body: object) -> Iterator[dict[str, Any]]:
        """The lines of a streamed answer, which must end with success; closing the generator aborts it."""
        connection, response = self._send("POST", path, body)
        status = ""
        try:
            for line in response:
                event = json.loads(line)
                if "error" in event:
                    raise ApiError(str(event["error"]))
                status = str(event.get("status", ""))
                yield event
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ApiError(f"the server broke off: {error}") from error
        finally:
            connection.close()
        if status != "success":
            raise ApiError(f"the server ended with {status!r} instead of success")

    def tags(self) -> dict[str, str]:
        """Every listed name with the digest of its manifest."""
        return {str(model["name"]): str(model["digest"]) for model in self.call("GET", "/api/tags")["models"]}

    def num_ctx(self, name: str) -> int | None:
        parameters = str(self.call("POST", "/api/show", {"model": name}).get("parameters", ""))
        match = re.search(r"^num_ctx\s+(\d+)$", parameters, re.MULTILINE)
        return int(match.group(1)) if match else None

    def copy(self, source: str, destination: str) -> None:
        self.call("POST", "/api/copy", {"source": source, "destination": destination})

    def derive(self, name: str, base: str, num_ctx: int | None) -> None:
        body = {"model": name, "from": base, "parameters": {"num_ctx": num_ctx}}
        for _ in self.stream("/api/create", body):
            pass

    def delete(self, name: str) -> None:
        """Unload it first: a deleted model would hold its memory for ever."""
        loaded = {full(str(model["name"])) for model in self.call("GET", "/api/ps")["models"]}
        if name in loaded:
            self.call("POST", "/api/generate", {"model": name, "keep_alive": 0, "stream": False})
        self.call("DELETE", "/api/delete", {"model": name})
