"""A configuration that is there is merged on the machine by its own Python, as `join` would do it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from provision.forms import LOCAL
from tests.unit.fleet.alone import Alone
from tests.unit.fleet.homes import Home, Served
from tests.unit.fleet.runs import Run

pytestmark = pytest.mark.programs

SH = ["sh"]
THEIRS = """{
  // mine, and it stays
  "model": "paid/best",
  "plugin": ["some-other@1.0.0"],
  "provider": {
    "ollama": { "name": "my own", "options": { "baseURL": "http://localhost:1/v1" } },
    "paid": { "options": { "apiKey": "{env:PAID_KEY}" } }, // a remark
  },
}
"""
OMO = """{
  // hers
  "[opencode]": { "agents": { "oracle": { "model": "paid/best", "fallback_models": ["paid/good"] } } }
}
"""
CONFIG = ".config/opencode/opencode.jsonc"


@pytest.fixture
def theirs(tmp_path: Path, laptop: Home, served: Served) -> Alone:
    alone = Alone(laptop, tmp_path / "given", served)
    alone.has_opencode("ollama-gpu-lan")
    for name, text in (
        (CONFIG, THEIRS),
        (".omo/omo.jsonc", OMO),
        (".config/opencode/agents/doc-updater.md", "---\nmode: all\n---\nmine\n"),
        (".config/opencode/package.json", "{}\n"),
    ):
        path = laptop.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o640)
    return alone


def test_it_merges_as_join_does_and_gives_back_the_bytes(
    theirs: Alone, sh: list[str], tmp_path: Path, served: Served
) -> None:
    before = theirs.laptop.tree()
    said = theirs.run(sh, "--yes", code=0)
    assert "provider.ollama stays as the user has it; gpu.lan is offered as ollama-gpu-lan" in said
    assert "OpenCode answered with ollama-gpu-lan/qwen3-coder-32k" in said
    assert "doc-updater.md is the user's own and stays" in said
    assert "// mine, and it stays" in (theirs.laptop.home / CONFIG).read_text()
    merged = theirs.laptop.tree()
    assert "nothing to change" in theirs.run(sh, code=0)
    assert theirs.laptop.tree() == merged
    theirs.run(sh, "--uninstall", "--yes", code=0)
    assert theirs.laptop.tree() == before

    run = Run(tmp_path / "a run", theirs.laptop, served.url)
    (run.root / "router" / f"{LOCAL}.json").write_text(theirs.order.model_dump_json())
    run.phase("publish")
    by_program = theirs.laptop.tree()
    state = ".local/state/astraeus-provision"
    assert merged.pop(f"{state}/joined")
    assert by_program.pop(f"{state}/putback")
    assert merged == by_program


def test_settings_that_its_user_adds_later_stay_when_ours_go(theirs: Alone) -> None:
    theirs.run(SH, "--yes", code=0)
    config = theirs.laptop.home / CONFIG
    config.write_text(config.read_text().replace("// mine, and it stays", '// mine\n  "username": "dev",'))
    again = theirs.run(SH, "--yes", code=0)
    assert [line.rsplit("/", 1)[1] for line in again.splitlines() if ". write " in line] == ["router.json"]
    theirs.run(SH, "--uninstall", "--yes", code=0)
    expected = THEIRS.replace("// mine, and it stays", '// mine\n  "username": "dev",')
    assert config.read_text() == expected
    assert (theirs.laptop.home / ".omo/omo.jsonc").read_text() == OMO
    assert not (theirs.laptop.home / ".local/state/astraeus-provision").exists()


def test_a_fresh_configuration_that_its_user_goes_on_with_keeps_what_is_hers(theirs: Alone) -> None:
    for name in (CONFIG, ".omo/omo.jsonc", ".config/opencode/agents/doc-updater.md"):
        (theirs.laptop.home / name).unlink()
    theirs.has_opencode()
    theirs.run(SH, "--yes", code=0)
    config = theirs.laptop.home / ".config/opencode/opencode.json"
    config.write_text(config.read_text().replace("{\n", '{\n  "username": "dev",\n', 1))
    theirs.run(SH, "--uninstall", "--yes", code=0)
    assert json.loads(config.read_text()) == {"username": "dev"}


@pytest.mark.parametrize("others", [[], ["mine"]])
def test_what_opencode_wrote_of_our_plugin_goes_too(theirs: Alone, others: list[str]) -> None:
    before = theirs.laptop.tree()
    theirs.run(SH, "--yes", code=0)
    tui = theirs.laptop.home / ".config/opencode/tui.json"
    folder = theirs.laptop.home / ".local/share/astraeus-provision/plugin/4.19.4/node_modules/oh-my-openagent"
    tui.write_text(json.dumps({"plugin": [*others, f"file://{folder}"]}))
    theirs.run(SH, "--uninstall", "--yes", code=0)
    if others:
        assert json.loads(tui.read_text()) == {"plugin": others}
        tui.unlink()
    assert theirs.laptop.tree() == before


def test_several_hosts_keep_their_ids_apart(theirs: Alone) -> None:
    second = {"name": "b.lan", "advertise": "localhost", "models": ["qwen3-coder-32k"]}
    theirs.settings["hosts"] = [{"name": "gpu.lan", "advertise": "127.0.0.1"}, second]
    theirs.file.unlink()
    theirs.has_opencode("ollama-gpu-lan")
    said = theirs.run(SH, "--yes", code=0)
    assert "proven: b.lan: version" in said
    for name in ("ollama-gpu-lan", "ollama-b-lan"):
        assert f"OpenCode answered with {name}/qwen3-coder-32k" in said
    assert "__ASTRAEUS" not in "".join(
        path.read_text() for path in theirs.laptop.home.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (CONFIG, "{ nothing", "opencode.jsonc: line 1, column 3"),
        (".config/opencode/opencode.json", "{}", "both opencode.json and opencode.jsonc are there"),
        (".omo/omo.jsonc", "[", ".omo/omo.jsonc: line 1"),
    ],
)
def test_what_cannot_be_merged_is_named_and_left(theirs: Alone, name: str, text: str, said: str) -> None:
    (theirs.laptop.home / name).write_text(text)
    before = theirs.laptop.tree()
    told = theirs.run(SH, "--yes", code=3)
    assert said in told
    assert "Nothing was changed.\n-> " in told
    assert theirs.laptop.tree() == before


def test_a_python_that_is_too_old_is_none(theirs: Alone) -> None:
    path = theirs.without("python")
    (Path(path) / "python3").write_text("#!/bin/sh\nexit 1\n")
    (Path(path) / "python3").chmod(0o755)
    assert "takes Python 3.10 or newer" in theirs.run(SH, "--yes", code=3, PATH=path)


@pytest.mark.skipif(not shutil.which("pyenv"), reason="no second Python here")
def test_the_oldest_python_merges_as_well(theirs: Alone) -> None:
    found = subprocess.run(["pyenv", "prefix", "3.10.13"], capture_output=True, text=True, check=False)
    oldest = Path(found.stdout.strip() or "/nowhere") / "bin/python3.10"
    if not oldest.exists():
        pytest.skip("no Python 3.10 here")
    theirs.has("python3", f'exec {oldest} "$@"\n')
    theirs.run(SH, "--yes", code=0)
    assert "ollama-gpu-lan" in (theirs.laptop.home / CONFIG).read_text()
