"""A laptop, the sh file made for it, and stand-ins for what it would ask: hosts, OpenCode, npm."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha512
from pathlib import Path
from typing import Any

from provision.bundle import bundled
from provision.catalogue import Catalogue, PinnedPackage, load_catalogue
from provision.fleet.workstation.shapes import Order
from provision.forms import LOCAL
from provision.orders import orders
from provision.shjoin import sh_file
from provision.site import Site
from tests.unit.fleet.homes import Home, Served

MODELS = ("ministral-3:14b-32k", "qwen3-coder-32k:latest", "lfm2.5-thinking:latest")
DIGESTS = {model: f"{number}" * 64 for number, model in enumerate(MODELS)}
OPENCODE = """#!/bin/sh
case $1 in
    --version) echo {version} ;;
    debug) [ ! -e "{folder}/dumb" ] || exit 1; cat "{folder}/config" ;;
    run)
        [ ! -e "{folder}/slow" ] || {{ touch "{folder}/begun"; sleep 60; }}
        [ ! -e "{folder}/mute" ] || exit 1
        echo '{{"type":"text","part":{{"text":"ready"}}}}' ;;
esac
"""


def packed(files: Mapping[str, str]) -> bytes:
    """Pack files as npm packs them."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return whole.getvalue()


def integrity(content: bytes) -> str:
    return "sha512-" + base64.b64encode(sha512(content).digest()).decode()


@dataclass
class Alone:
    """One host that answers, and a home in which the file is run."""

    laptop: Home
    folder: Path
    served: Served
    settings: dict[str, Any] = field(default_factory=dict)
    path: str = "/usr/bin:/bin"

    def __post_init__(self) -> None:
        self.folder.mkdir()
        # A login shell's PATH is the system's own, whatever it is given.
        (self.laptop.home / ".profile").write_text('PATH="$GIVEN_PATH"\n')
        self.answers(load_catalogue().ollama.version, DIGESTS)
        listed = {"data": [{"id": model} for model in MODELS]}
        self.served.files["/v1/models"] = json.dumps(listed).encode()
        content = packed({"package.json": "{}\n", "dist/index.js": "export {}\n"})
        self.plugin = content
        for name in load_catalogue().plugin.packages:
            self.served.files[f"/{name}.tgz"] = content

    def answers(self, version: str, digests: Mapping[str, str]) -> None:
        tags = [{"name": name, "model": name, "size": 1, "digest": one} for name, one in digests.items()]
        self.served.files["/api/version"] = json.dumps({"version": version}).encode()
        self.served.files["/api/tags"] = json.dumps({"models": tags}).encode()

    @property
    def catalogue(self) -> Catalogue:
        """The shipped one, with this host's port and these packages' checksums."""
        real = load_catalogue()
        pins = {
            name: PinnedPackage(version=one.version, integrity=integrity(self.plugin))
            for name, one in real.plugin.packages.items()
        }
        return real.model_copy(
            update={
                "ollama": real.ollama.model_copy(update={"port": int(self.served.url.rsplit(":", 1)[1])}),
                "plugin": real.plugin.model_copy(update={"packages": pins}),
            }
        )

    @property
    def site(self) -> Site:
        urls = {name: f"{self.served.url}/{name}.tgz" for name in self.catalogue.plugin.packages}
        router = {"packages": urls, "loopback": False, **self.settings.get("router", {})}
        hosts = [{"name": "gpu.lan", "advertise": "127.0.0.1"}]
        return Site.model_validate(
            {"hosts": hosts, "workstations": [{"name": "other"}], **self.settings, "router": router}
        )

    @property
    def order(self) -> Order:
        """What `join` would publish of the bundle."""
        return orders(bundled(self.site, {}).site, self.catalogue)[LOCAL]

    @property
    def file(self) -> Path:
        path = self.folder / "join.sh"
        if not path.exists():
            path.write_text(sh_file(self.site, {"gpu.lan": DIGESTS}, self.catalogue)[0])
        return path

    def has_opencode(self, provider: str = "ollama") -> None:
        """Put a stand-in into the home that knows the agents which the file wants."""
        binary = self.laptop.home / ".opencode/bin/opencode"
        binary.parent.mkdir(parents=True, exist_ok=True)
        binary.write_text(self.opencode("1.0.0", provider))
        binary.chmod(0o755)

    def opencode(self, version: str, provider: str = "ollama") -> str:
        block = re.search(r"put files/agents <<'(END_\w+)'\n(.*?)\1\n", self.file.read_text(), re.DOTALL)
        rows = [line.split("\t") for line in (block[2] if block is not None else "").splitlines()]
        agents = {
            name: {"model": model.replace("ollama/", f"{provider}/"), "mode": "all"} for model, name in rows
        }
        (self.folder / "config").write_text(json.dumps({"agent": agents}, indent=2) + "\n")
        return OPENCODE.format(folder=self.folder, version=version)

    def has(self, program: str, text: str) -> None:
        """Put a stand-in of a program where a login shell finds it first."""
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        (tools / program).write_text(f"#!/bin/sh\n{text}")
        (tools / program).chmod(0o755)
        self.path = f"{tools}:/usr/bin:/bin"

    def without(self, program: str) -> str:
        """Return a PATH that has all of this machine's programs but for these."""
        tools = self.folder / f"without {program}"
        tools.mkdir()
        for folder in ("/bin", "/usr/bin"):
            for path in Path(folder).iterdir():
                if not path.name.startswith(program) and not (tools / path.name).exists():
                    (tools / path.name).symlink_to(path)
        return str(tools)

    def env(self, **more: str) -> dict[str, str]:
        path = more.get("PATH", self.path)
        home, temporary = str(self.laptop.home), os.environ.get("TMPDIR", "/tmp")
        return {
            "HOME": home,
            "PATH": path,
            "GIVEN_PATH": path,
            "SHELL": "/bin/sh",
            "TMPDIR": temporary,
            **more,
        }

    def run(self, sh: Sequence[str], *words: str, code: int, **env: str) -> str:
        done = subprocess.run(
            [*sh, str(self.file), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.env(**env),
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr
