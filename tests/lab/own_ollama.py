"""The lab's real Ollama with the lab's models, on this machine itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import models
from tests.lab.lab import Lab
from tests.lab.shell import run, until


@dataclass(frozen=True)
class Ollama:
    """One that serves."""

    url: str
    port: int
    log: Path

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, data, 60) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        try:
            self.ask("/api/version")
        except OSError:
            return False
        return True


@contextmanager
def serving(lab: Lab, folder: Path) -> Iterator[Ollama]:
    """Serve from a folder until the block ends."""
    run(["tar", "--zstd", "-xf", lab.pins["archive_path"], "-C", folder])
    shutil.copytree(models.store(), folder / "models")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    log, address = folder / "log", f"127.0.0.1:{port}"
    own = {"HOME": str(folder), "OLLAMA_HOST": address, "OLLAMA_MODELS": str(folder / "models")}
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [folder / "bin" / "ollama", "serve"],
            env={**os.environ, **own, "OLLAMA_DEBUG": "1"},
            stdout=sink,
            stderr=sink,
        )
    here = Ollama(f"http://{address}", port, log)
    try:
        until(here.answers, "Ollama answers")
        yield here
    finally:
        server.terminate()
        server.wait(20)
