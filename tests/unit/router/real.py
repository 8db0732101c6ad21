"""What the pinned OpenCode and its plugin say of themselves: schemas, models, and how they read files.

OpenCode is that of $ASTRAEUS_OPENCODE, else the lab's if it was fetched already; in CI it is fetched.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from provision.catalogue import load_catalogue
from router.clouds import CLOUDS
from tests.lab.layout import BUILT
from tests.lab.opencode import PLATFORMS, registry
from tests.lab.products import key, product
from tests.programs import missing

CATALOGUE = load_catalogue()
OFFLINE = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OMO_SEND_ANONYMOUS_TELEMETRY": "0",
    "PATH": "/usr/bin:/bin",
    "TERM": "dumb",
}
KEYS = {variable: "none" for cloud in CLOUDS.providers.values() for variable in cloud.keys}
"""OpenCode lists the models of providers that have a key."""
START_S = 60


@cache
def opencode() -> Path:
    """The program; a test that has none is skipped, and fails in CI."""
    if named := os.environ.get("ASTRAEUS_OPENCODE"):
        return Path(named)
    package = f"opencode-{PLATFORMS[0]}"
    return _unpacked(package, {package: CATALOGUE.opencode.version}) / package / "bin" / "opencode"


@cache
def plugin() -> Path:
    """The plugin's folder, beside what it needs."""
    release = CATALOGUE.plugin
    versions = {name: package.version for name, package in release.packages.items()}
    return _unpacked("plugin", versions) / release.package


def _unpacked(name: str, versions: Mapping[str, str]) -> Path:
    """A folder `node_modules` with these packages."""
    tarballs = {package: _tarball(package, version) for package, version in versions.items()}

    def build(folder: Path) -> None:
        for package, tarball in tarballs.items():
            with tarfile.open(tarball) as archive:
                archive.extractall(folder / "node_modules", filter="data")
            (folder / "node_modules" / "package").rename(folder / "node_modules" / package)

    return product(f"unpacked-{name}", key(json.dumps(versions)), build) / "node_modules"


def _tarball(package: str, version: str) -> Path:
    inner = Path(package, "-", f"{package}-{version}.tgz")
    found = next((folder / inner for folder in BUILT.glob("npm-*") if (folder / inner).is_file()), None)
    if found is not None:
        return found
    if "CI" not in os.environ:
        missing(f"{package} {version} ($ASTRAEUS_OPENCODE, or the lab's packages)")
    return registry() / inner


@contextmanager
def home() -> Iterator[Path]:
    """A user's home without anything."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@dataclass(frozen=True)
class Said:
    """What a run of OpenCode said, and how it ended."""

    rc: int
    out: str
    faults: str


def run(folder: Path, *words: str, **more: str) -> Said:
    """Run OpenCode for that user: into files, since what a pipe cannot take at once is lost."""
    said, faults = folder / "said", folder / "faults"
    with said.open("w") as out, faults.open("w") as err:
        ran = subprocess.run(
            [opencode(), *words],
            cwd=folder,
            env={**OFFLINE, "HOME": str(folder), **more},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            check=False,
            timeout=START_S,
        )
    return Said(ran.returncode, said.read_text(), faults.read_text())


def ask(folder: Path, *words: str, **more: str) -> str:
    """What OpenCode prints for that user."""
    said = run(folder, *words, **more)
    assert said.rc == 0, said.faults[-2000:]
    return said.out


@cache
def config_schema() -> Mapping[str, Any]:
    """The JSON Schema of OpenCode's configuration, from its own server, with all that it refers to."""
    stat = opencode().stat()

    def build(folder: Path) -> None:
        (folder / "doc.json").write_text(_doc())

    made = product("opencode-doc", key(str(opencode()), str(stat.st_size), str(stat.st_mtime_ns)), build)
    document = json.loads((made / "doc.json").read_text())
    return {"$ref": "#/components/schemas/Config", "components": document["components"]}


@contextmanager
def serving(folder: Path, **more: str) -> Iterator[str]:
    """The address of OpenCode's server for that user."""
    server = subprocess.Popen(
        [opencode(), "serve", "--hostname", "127.0.0.1", "--port", "0"],
        cwd=folder,
        env={**OFFLINE, "HOME": str(folder), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        said = next(line for line in server.stdout if "listening" in line)
        yield re.findall(r"http://\S+", said)[0]
    finally:
        server.kill()
        server.wait()


def fetched(url: str, body: object = None) -> str:
    """What its server answers; in its first seconds it does not answer everybody."""
    data = None if body is None else json.dumps(body).encode()
    for _ in range(START_S // 5):
        request = urllib.request.Request(url, data, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            continue
    raise AssertionError("OpenCode's server does not answer")


def _doc() -> str:
    with home() as folder, serving(folder) as url:
        return fetched(f"{url}/doc")


@cache
def plugin_schema() -> Mapping[str, Any]:
    """The JSON Schema of the plugin's part; it calls needed what has a default, so nothing is needed."""
    text = (plugin() / "dist" / "oh-my-opencode.schema.json").read_text()
    loaded: Mapping[str, Any] = json.loads(text, object_hook=_without_required)
    return loaded


def _without_required(node: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node.get("required"), list):
        del node["required"]
    return node


@cache
def models() -> Mapping[str, Any]:
    """All models of the clouds that profiles may name, as OpenCode knows them."""
    with home() as folder:
        text = ask(folder, "models", "--verbose", **KEYS)
    found = re.findall(r"^(\S+/\S+)\n(\{\n.*?^\})$", text, re.DOTALL | re.MULTILINE)
    return {name: json.loads(data) for name, data in found}
