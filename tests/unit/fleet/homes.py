"""A workstation's home in a temporary folder, with our scripts run in it; and orders for it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from provision.fleet.workstation.exchange import ended
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.shapes import Confirm, Equip, Order
from router.endpoint import Endpoint, OfferedModel
from router.opencode import settings


@dataclass
class Home:
    """A home folder with scripts run in it as if over SSH."""

    home: Path

    def run(
        self,
        sh: Sequence[str],
        name: str,
        values: Mapping[str, str],
        lines: Sequence[str] = (),
        before: str = "",
        **env: str,
    ) -> list[tuple[str, str]]:
        done = subprocess.run(
            [*sh, "-c", before + "\n" + script(name, values)],
            input="".join(line + "\n" for line in lines),
            capture_output=True,
            text=True,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "SHELL": "/bin/sh", **env},
            cwd="/",
            timeout=60,
            check=False,
        )
        return ended(done.stdout.splitlines(), done.stderr.splitlines())

    def tree(self) -> dict[str, str]:
        found = {}
        for path in sorted(self.home.rglob("*")):
            name, mode = str(path.relative_to(self.home)), f"{path.lstat().st_mode:o}"
            content = path.read_bytes().hex() if path.is_file() and not path.is_symlink() else ""
            found[name] = f"{mode} {content}"
        return found


def order(*models: str, url: str = "http://gpu.lan:4242", **more: object) -> Order:
    offered = tuple(
        OfferedModel(name=m, title=m, context=4096, output=512, tool_call=True, reasoning=False)
        for m in models
    )
    router = settings([Endpoint(name="gpu.lan", url=url, models=offered)], models[0])
    values = {
        "router": router,
        "equip": Equip(package="oc", version="1.2.3"),
        "confirm": Confirm(models=(f"ollama/{models[0]}",)),
    }
    return Order.model_validate({**values, **more})


@dataclass
class Served:
    """A small HTTP server on loopback: files by path, and whatever else is asked is 404."""

    url: str
    files: dict[str, bytes]


@contextmanager
def serving() -> Iterator[Served]:
    """Serve until the block ends."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{server.server_address[1]}", files)
        server.shutdown()
        thread.join()


LOOK_VALUES = dict.fromkeys(("NAMES", "URLS", "KEYS", "CLOUDS", "PLUGIN", "STATUS_PATH", "PLACES"), "") | {
    "PORT": "0"
}
"""Settings of look.sh for a look at nothing but the machine."""
