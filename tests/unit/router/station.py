"""A workstation whose OpenCode, hosts and clouds are stand-ins, for the smoke script."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

from router.loopback import Loopback, Upstream
from router.profile import Profile
from router.resolve import Resolved, resolve
from router.smoke import expectations, smoke_script
from tests.programs import need
from tests.unit.router.opencode_stand_in import OPENCODE, SERVE

SHELLS = ("dash", "bash", "busybox")
MODEL, REF = "ministral-3:14b-32k", "ollama/ministral-3:14b-32k"
FLASH, GPT = "google/gemini-flash-latest", "openai/gpt-5.2"
SISYPHUS = "Sisyphus - ultraworker"
SECRET = "sk-never-shown"
CONTEXT = 32768
SH = files("provision.fleet.workstation") / "sh"
COMMON = "".join((SH / f"{part}.sh").read_text("utf-8") for part in ("common", "copy"))


def the_profile() -> Resolved:
    profile = Profile.model_validate(
        {
            "name": "two",
            "agents": {
                "sisyphus": {"models": [GPT, FLASH], "may": ["edit", "fetch", "delegate"]},
                "explore": {"models": [REF, FLASH]},
                "security": {"models": [GPT], "may": ["edit"]},
            },
            "small_model": REF,
        }
    )
    return resolve(profile, [MODEL], pool_slots=2, workstations=1)


def the_facts(**changes: Any) -> str:
    words: dict[str, Any] = {
        "resolved": the_profile(),
        "hosts": Loopback(
            port=24100,
            upstreams=(Upstream(name="gpu1", host="10.0.0.1", port=11434, models=(MODEL,), slots=2),),
            first_byte_s={MODEL: 57},
        ),
        "routed": True,
        "pool": {MODEL: REF},
        "shown": (SISYPHUS, "explore", "security"),
        "opencode": "1.18.33",
        "plugin": "4.19.4",
        "config": "/home/a/.config/opencode/opencode.json",
        "context_tokens": CONTEXT,
        "tools": {},
        "cloud_urls": {"openai": "https://ai.example/v1"},
    }
    return expectations(**(words | changes))


def in_shell(shell: str) -> list[str]:
    need(shell)
    return [shell, "sh"] if shell == "busybox" else [shell]


class Server:
    """A stand-in for the loopback router, a host and a cloud; what it does is changed by name."""

    def __init__(self) -> None:
        self.router = "astraeus-router 1"
        self.status = 200
        self.wait_s = 0.0
        self.called = "astraeus_probe"
        self.context = CONTEXT
        self.listed = [MODEL]
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def answer(self, body: object, status: int = 200) -> None:
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                if self.path == "/-/router":
                    self.answer(server.router)
                elif self.path == "/v1/models":
                    self.answer({"data": [{"id": name} for name in server.listed]})
                elif self.path == "/api/ps":
                    self.answer({"models": [{"name": MODEL, "context_length": server.context}]})
                else:
                    self.answer({"error": {"message": "no key"}}, 401)

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                time.sleep(server.wait_s)
                message: dict[str, Any] = {"content": "ready"}
                if asked.get("tools"):
                    call = {"name": server.called, "arguments": '{"number": 7}'}
                    message = {"content": "", "tool_calls": [{"function": call}] if server.called else []}
                if server.status == 200:
                    self.answer({"choices": [{"message": message}], "usage": {"completion_tokens": 9}})
                else:
                    self.answer({"error": {"message": "its memory is full"}}, server.status)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


class Station:
    """A workstation: a home with what publishing leaves there, and an OpenCode that says what it is told."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root, self.server = root, server
        self.home = root / "home"
        self.data = self.home / ".local/share/astraeus-provision"
        self.config_file = self.home / ".config/opencode/opencode.json"
        self.config_text = "{}\n"
        self.omo_file = self.home / ".omo/omo.jsonc"
        self.chain_file = self.config_file.parent / "plugins/astraeus-chain.js"
        self.plugin = self.data / "plugin/4.19.4/node_modules/oh-my-openagent"
        self.store = self.home / ".local/share/opencode/opencode.db"
        self.version = "1.18.33"
        self.url = f"http://127.0.0.1:{server.port}"
        self.port = server.port
        self.keys = {"OPENAI_API_KEY": SECRET}
        self.rows: list[str] = []
        self.live: dict[str, str | None] = {SISYPHUS: GPT, "explore": REF, "security": GPT}
        untrusted = {"*": "deny", "read": {"*": "allow", "*.env": "deny"}, "grep": "allow"}
        trusted = {"webfetch": "deny", "task": "deny", "bash": "ask", "edit": "allow"}
        self.config: dict[str, Any] = {
            "plugin": [f"file://{self.plugin}"],
            "permission": {"webfetch": "ask", "task": "deny"},
            "provider": {
                "ollama": {
                    "options": {"baseURL": f"{self.url}/v1"},
                    "models": {MODEL: {"limit": {"context": CONTEXT, "output": 1}}},
                },
                "google": {"options": {"apiKey": "***", "baseURL": f"{self.url}/v1beta"}},
            },
            "agent": {
                SISYPHUS: {
                    "model": GPT,
                    "prompt": 'a long "one"',
                    "permission": {**trusted, "webfetch": "allow", "task": "allow"},
                },
                "explore": {"model": REF, "permission": untrusted},
                "security": {"model": GPT, "permission": trusted},
            },
        }
        self.omo: dict[str, Any] = {
            "[opencode]": {
                "agents": {
                    "sisyphus": {"fallback_models": [FLASH]},
                    "explore": {"fallback_models": [FLASH]},
                    "security": {"fallback_models": []},
                }
            }
        }
        self.chains = {"security": [GPT]}
        self.facts: dict[str, Any] = {}

    def written(self) -> None:
        write(self.config_file, self.config_text)
        write(self.omo_file, "// ours\n" + json.dumps(self.omo, indent=2))
        write(self.chain_file, f"const CHAINS = {json.dumps(self.chains, indent=2)}\nexport default 1\n")
        write(self.plugin / "package.json", "{}")
        if not os.path.lexists(self.store):
            write(self.store, "")
        write(self.home / ".local/share/opencode/auth.json", json.dumps({"other": {"key": SECRET}}))
        hosts = Loopback(
            port=self.port,
            upstreams=(
                Upstream(name="gpu1", host="127.0.0.1", port=self.server.port, models=(MODEL,), slots=2),
            ),
            first_byte_s={MODEL: 57},
        )
        facts = {
            "hosts": hosts,
            "config": str(self.config_file),
            "cloud_urls": {"openai": f"{self.url}/v1", "google": f"{self.url}/v1beta"},
        }
        write(self.data / "expected.tsv", the_facts(**(facts | self.facts)))
        write(self.root / "version", self.version)
        write(self.root / "config", json.dumps(self.config, indent=2))
        write(self.root / "rows", "".join(f"{line}\n" for line in self.rows))
        write(self.root / "models", json.dumps(self.live))
        write(self.root / "serve", SERVE.replace("@models", str(self.root / "models")))
        text = OPENCODE.replace("@python", sys.executable)
        for name in ("told", "version", "config", "rows", "serve"):
            text = text.replace(f"@{name}", str(self.root / name))
        program = self.root / "bin/opencode"
        write(program, text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def publish(self, script: Callable[[str], str] = lambda text: text) -> Path:
        """Write all of it, and return where the script is."""
        self.written()
        write(self.data / "smoke.sh", script(smoke_script(COMMON)))
        (self.root / "tmp").mkdir(exist_ok=True)
        return self.data / "smoke.sh"

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
            "SHELL": "/bin/false",
            "TMPDIR": str(self.root / "tmp"),
            **self.keys,
        }

    def run(
        self, *words: str, shell: str = "dash", script: Callable[[str], str] = lambda text: text
    ) -> subprocess.CompletedProcess[str]:
        published = self.publish(script)
        before = tree(self.home)
        done = subprocess.run(
            [*in_shell(shell), str(published), *words],
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=100,
            stdin=subprocess.DEVNULL,
            env=self.env,
        )
        assert SECRET not in done.stdout + done.stderr
        assert not done.stderr, done.stderr
        assert tree(self.home) == before, "it wrote into the home"
        assert not list((self.root / "tmp").iterdir()), "it left something behind"
        return done

    def checks(self, *words: str, shell: str = "dash", **how: Any) -> dict[str, dict[str, Any]]:
        done = self.run(*words, "--json", shell=shell, **how)
        told = json.loads(done.stdout)
        assert told["ok"] is all(one["ok"] for one in told["checks"])
        assert done.returncode == (0 if told["ok"] else 5)
        assert all(one["remedy"] for one in told["checks"] if not one["ok"]), "what to do stands beside each"
        return {one["check"]: one for one in told["checks"]}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def failed(checks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(one["detail"]) for name, one in checks.items() if not one["ok"]}


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def other_url(station: Station) -> None:
    """Have OpenCode ask elsewhere."""
    station.config["provider"]["ollama"]["options"]["baseURL"] = "http://elsewhere/v1"
