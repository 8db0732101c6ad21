"""The plugin comes whole and as pinned, or not at all; and who has no way to it is told."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile

import pytest

from provision.fleet.workstation.plugin import plan_plugin, plugin_fault, plugin_values
from provision.fleet.workstation.shapes import Look, Plugin, PluginPackage
from tests.unit.fleet.homes import LOOK_VALUES, Home, Served

SH = ["sh"]


def tarball(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        content = f'{{"name": "{name}"}}'.encode()
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def pinned(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def plugin(served: Served, *, wrong: str = "") -> Plugin:
    packages = {}
    for name in ("main", "dep"):
        content = tarball(name)
        served.files[f"/{name}.tgz"] = content[:40] if wrong == f"{name} cut" else content
        pin = pinned(b"other" if wrong == f"{name} pin" else served.files[f"/{name}.tgz"])
        packages[name] = PluginPackage(version="1.0", integrity=pin, url=f"{served.url}/{name}.tgz")
    return Plugin(version="1.0", packages=packages)


def test_all_packages_come_beside_and_the_look_sees_them(laptop: Home, sh: list[str], served: Served) -> None:
    base = laptop.home / ".local/share/astraeus-provision/plugin"
    (base / "0.9").mkdir(parents=True)
    lines = laptop.run(sh, "plugin", plugin_values(plugin(served), None, 20))
    assert plugin_fault(lines) is None
    assert dict(lines)["installed"] == str(base / "1.0")
    assert [path.name for path in base.iterdir()] == ["1.0"]
    assert {path.name for path in (base / "1.0/node_modules").iterdir()} == {"main", "dep"}
    seen = laptop.run(sh, "look", {**LOOK_VALUES, "PLUGIN": "main dep"})
    assert ("plugin", "1.0") in seen
    assert not any(key == "plugin" for key, _ in laptop.run(sh, "look", {**LOOK_VALUES, "PLUGIN": "main no"}))
    again = laptop.run(sh, "plugin", plugin_values(plugin(served), None, 20))
    assert plugin_fault(again) is None


@pytest.mark.parametrize(
    ("wrong", "said"), [("dep pin", "not the pinned one"), ("main cut", "cannot be unpacked")]
)
def test_a_wrong_package_leaves_nothing(laptop: Home, served: Served, wrong: str, said: str) -> None:
    found = plugin_fault(laptop.run(SH, "plugin", plugin_values(plugin(served, wrong=wrong), None, 20)))
    assert found is not None
    assert said in found[0]
    assert laptop.tree() == {}


def test_a_dead_mirror_is_said(laptop: Home, served: Served) -> None:
    values = plugin_values(plugin(served), None, 20)
    served.files.clear()
    found = plugin_fault(laptop.run(SH, "plugin", values))
    assert found is not None
    assert "404" in found[2]


def test_how_it_comes_follows_the_machine(served: Served) -> None:
    with_urls = plugin(served)
    without = with_urls.model_copy(
        update={"packages": {n: p.model_copy(update={"url": None}) for n, p in with_urls.packages.items()}}
    )
    assert plan_plugin(Look(plugins=("1.0",)), with_urls).how == "present"
    assert plan_plugin(Look(plugins=("0.9",)), with_urls).how == "package"
    assert plan_plugin(Look(npm="10"), without).how == "npm"
    lost = plan_plugin(Look(), without)
    assert (lost.how, "main, dep" in lost.said) == ("impossible", True)
    assert plan_plugin(Look(free_disk_mib=10), with_urls).how == "impossible"


def test_only_whether_a_key_is_set_is_told(laptop: Home) -> None:
    (laptop.home / ".profile").write_text("export OPENAI_API_KEY=sk-secret GEMINI_API_KEY=\n")
    store = laptop.home / ".local/share/opencode/auth.json"
    store.parent.mkdir(parents=True)
    store.write_text('{"anthropic": {"type": "api", "key": "sk-secret"}}')
    values = {**LOOK_VALUES, "KEYS": "OPENAI_API_KEY GEMINI_API_KEY", "CLOUDS": "openai anthropic"}
    said = laptop.run(SH, "look", values)
    assert [value for key, value in said if key == "key"] == ["OPENAI_API_KEY"]
    assert [value for key, value in said if key == "login"] == ["anthropic"]
    assert "sk-secret" not in str(said)


def test_settings_of_an_older_plugin_are_found(laptop: Home) -> None:
    old = laptop.home / ".config/opencode/oh-my-opencode.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    assert ("legacy", str(old)) in laptop.run(SH, "look", LOOK_VALUES)
