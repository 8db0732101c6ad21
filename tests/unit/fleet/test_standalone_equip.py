"""The sh file brings OpenCode and the plugin at their pins, checked; or says what to install."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from provision.fleet.workstation.platforms import PLATFORMS
from tests.unit.fleet.alone import Alone, integrity, packed
from tests.unit.fleet.homes import Home, Served

pytestmark = pytest.mark.programs

SH = ["sh"]
OPENCODE = load_catalogue().opencode.version
ARCH = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "x64")
LINK = ".local/bin/opencode"
NPM = """\
cd "{folder}" || exit
echo "$@" >>asked
case $1 in
    install)
        for name in {names}; do mkdir -p "$3/node_modules/opencode-$name/bin"
            cp opencode "$3/node_modules/opencode-$name/bin/opencode"
            printf '{{\\n  "version": "{version}"\\n}}\\n' >"$3/node_modules/opencode-$name/package.json"
        done ;;
    pack)
        for last; do :; done
        name=${{last%%@*}}
        cp plugin.tgz "$OLDPWD/$name-${{last#*@}}.tgz" ;;
esac
"""


@pytest.fixture
def alone(tmp_path: Path, laptop: Home, served: Served) -> Alone:
    one = Alone(laptop, tmp_path / "given", served)
    one.path = one.without("npm")
    return one


def pinned(alone: Alone, content: bytes, pin: bytes) -> None:
    """Let the site name one package for every platform of this machine."""
    alone.served.files["/oc.tgz"] = content
    one = {"url": f"{alone.served.url}/oc.tgz", "integrity": integrity(pin)}
    names = [name for name in PLATFORMS if name.startswith(f"linux-{ARCH}")]
    alone.settings["opencode"] = {"packages": dict.fromkeys(names, one)}


def package(alone: Alone) -> bytes:
    manifest = f'{{\n  "version": "{OPENCODE}"\n}}\n'
    return packed({"package.json": manifest, "bin/opencode": alone.opencode(OPENCODE)})


def test_opencode_comes_from_its_platform_package(alone: Alone, sh: list[str]) -> None:
    content = package(alone)
    pinned(alone, content, content)
    alone.file.unlink()
    said = alone.run(sh, "--yes", code=0)
    assert f"install OpenCode {OPENCODE} from its platform package" in said
    assert (alone.laptop.home / LINK).resolve().parts[-3:] == (OPENCODE, "bin", "opencode")
    left = alone.run(sh, "--uninstall", "--yes", code=0)
    assert "OpenCode, which came with us, stays; it goes with: rm -r" in left
    assert not (alone.laptop.home / ".config").exists()


def test_a_package_that_is_not_the_pinned_one_is_refused(alone: Alone) -> None:
    pinned(alone, package(alone), b"another")
    alone.file.unlink()
    before = alone.laptop.tree()
    said = alone.run(SH, "--yes", code=6)
    assert "OpenCode's package is not the pinned one" in said
    assert "-> correct its integrity hash or its URL" in said
    assert alone.laptop.tree() == before


def test_npm_brings_both_where_it_is(alone: Alone, sh: list[str]) -> None:
    alone.settings["router"] = {"packages": {}}
    (alone.folder / "opencode").write_text(alone.opencode(OPENCODE))
    (alone.folder / "plugin.tgz").write_bytes(alone.plugin)
    names = " ".join(name for name in PLATFORMS if name.startswith(f"linux-{ARCH}"))
    alone.has("npm", NPM.format(folder=alone.folder, names=names, version=OPENCODE))
    (alone.folder / "package.json").write_text('{\n  "version": "11.0.0"\n}\n')  # npm's own
    alone.file.unlink()
    said = alone.run(sh, "--yes", code=0)
    assert f"install OpenCode {OPENCODE} with npm" in said
    asked = (alone.folder / "asked").read_text()
    assert f"opencode-ai@{OPENCODE}" in asked
    assert "oh-my-openagent@4.19.4" in asked
    assert (alone.laptop.home / LINK).is_symlink()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "no npm is there, and the site names no OpenCode package for linux"),
        ({"opencode": {"install": False}}, "no OpenCode is there, and the site says not to install it"),
    ],
)
def test_without_a_way_it_says_what_to_install(alone: Alone, settings: dict[str, object], said: str) -> None:
    alone.settings = settings
    before = alone.laptop.tree()
    text = alone.run(SH, "--yes", code=3)
    assert said in text
    assert f"-> put OpenCode {OPENCODE} there (npm install -g opencode-ai@{OPENCODE})" in text
    assert alone.laptop.tree() == before


def test_a_plugin_that_cannot_come_is_said(alone: Alone) -> None:
    alone.settings["router"] = {"packages": {}}
    alone.has_opencode()
    assert "router: {plugin: false}" in alone.run(SH, "--yes", code=3)


def test_what_it_knows_of_platforms_is_what_publishing_knows(alone: Alone) -> None:
    text = alone.file.read_text()
    table = text.split("put files/platforms <<", 1)[1].split("END_", 2)[1]
    named = {name for line in table.splitlines()[1:] for name in line.rsplit("\t", 1)[-1].split()}
    assert named == set(PLATFORMS)
