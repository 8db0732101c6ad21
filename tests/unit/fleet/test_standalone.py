"""One plain sh file makes a machine a workstation, as `join` would, and gives back what was there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from provision.forms import LOCAL
from tests.unit.fleet.alone import DIGESTS, MODELS, Alone
from tests.unit.fleet.homes import Home, Served
from tests.unit.fleet.runs import Run

pytestmark = pytest.mark.programs

SH = ["sh"]


@pytest.fixture
def alone(tmp_path: Path, laptop: Home, served: Served) -> Alone:
    return Alone(laptop, tmp_path / "given", served)


@pytest.fixture
def ready(alone: Alone) -> Alone:
    alone.has_opencode()
    return alone


def test_it_writes_what_join_would_write_without_a_loopback_router(
    alone: Alone, sh: list[str], tmp_path: Path, served: Served
) -> None:
    alone.has_opencode()
    before = alone.laptop.tree()
    said = alone.run(sh, "--yes", code=0)
    assert "proven: gpu.lan: qwen3-coder-32k:latest digest: 111111111111" in said
    assert "agents have their models" in said
    assert "OpenCode answered with ollama/qwen3-coder-32k" in said
    by_file = alone.laptop.tree()
    assert alone.run(sh, "--uninstall", "--yes", code=0)
    assert alone.laptop.tree() == before

    run = Run(tmp_path / "a run", alone.laptop, served.url)
    (run.root / "router" / f"{LOCAL}.json").write_text(alone.order.model_dump_json())
    run.phase("publish")
    by_program = alone.laptop.tree()
    state = ".local/state/astraeus-provision"
    assert by_file.pop(f"{state}/joined")
    assert by_program.pop(f"{state}/putback")
    assert by_file == by_program


@pytest.mark.parametrize(
    "alter",
    [
        lambda text: text.replace("http://127", "http://128"),
        lambda text: text[:-40],
        lambda text: text[:20_000],
        lambda text: text[:900],
        lambda text: text + " ",
        lambda text: text.replace("sha256 ", "sha256 0", 1),
    ],
    ids=["altered", "cut at its end", "cut in the middle", "cut in its first lines", "longer", "another sum"],
)
def test_what_was_cut_or_altered_does_nothing(
    ready: Alone, sh: list[str], alter: Callable[[str], str]
) -> None:
    before = ready.laptop.tree()
    whole = ready.file.read_text()
    ready.file.write_text(alter(whole))
    ready.run(sh, "--yes", code=1 if sh[0] == "zsh" and len(alter(whole)) == 900 else 2)
    assert ready.laptop.tree() == before


def test_a_file_that_is_piped_into_a_shell_says_that_it_cannot_check_itself(ready: Alone) -> None:
    done = subprocess.run(SH, input=ready.file.read_text(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot check itself" in done.stderr


@pytest.mark.parametrize(
    ("version", "digests", "said"),
    [
        ("0.1.0", DIGESTS, "version at http://127.0.0.1:{}: expected 0.32.15, found 0.1.0"),
        ("0.32.15", DIGESTS | {MODELS[1]: "f" * 64}, f"expected {'1' * 64}, found {'f' * 64}"),
        ("0.32.15", {MODELS[0]: "0" * 64}, f"{MODELS[1]} at http://127.0.0.1:{{}}: expected to be served"),
    ],
)
def test_a_host_that_is_not_as_promised_stops_it_before_it_writes(
    ready: Alone, sh: list[str], version: str, digests: dict[str, str], said: str
) -> None:
    ready.answers(version, digests)
    before = ready.laptop.tree()
    text = ready.run(sh, "--yes", code=5)
    assert text.count("gpu.lan: ") >= 1
    assert said.format(ready.served.url.rsplit(":", 1)[1]) in text
    assert "Nothing was changed.\n-> " in text
    assert ready.laptop.tree() == before


def test_a_host_that_does_not_answer_is_named(ready: Alone) -> None:
    assert ready.file
    del ready.served.files["/api/version"]
    assert "expected 0.32.15, found no such answer (404)" in ready.run(SH, "--yes", code=5)


def test_it_shows_and_asks_first(ready: Alone) -> None:
    before = ready.laptop.tree()
    shown = ready.run(SH, "--dry-run", code=0)
    for word in (
        "opencode.json",
        "omo.jsonc",
        "smoke.sh",
        "router.json",
        "not by a loopback router",
        "SUL-1.0",
    ):
        assert word in shown
    assert "run it again with --yes" in ready.run(SH, code=2)
    assert "usage" in ready.run(SH, "--no-such", code=2)
    assert ready.laptop.tree() == before


def test_a_second_run_changes_nothing_and_a_damaged_file_of_ours_is_healed(ready: Alone) -> None:
    ready.run(SH, "--yes", code=0)
    before = ready.laptop.tree()
    assert "nothing to change" in ready.run(SH, code=0)
    assert ready.laptop.tree() == before
    smoke = ready.laptop.home / ".local/share/astraeus-provision/smoke.sh"
    whole = smoke.read_text()
    smoke.write_text("broken\n")
    assert f"write {smoke}" in ready.run(SH, "--yes", code=0)
    assert smoke.read_text() == whole


@pytest.mark.parametrize("silent", ["mute", "dumb"])
def test_what_opencode_does_not_confirm_is_put_back(ready: Alone, sh: list[str], silent: str) -> None:
    assert ready.file
    (ready.folder / silent).touch()
    before = ready.laptop.tree()
    text = ready.run(sh, "--yes", code=6)
    assert "Its files were put back as they were." in text
    after = ready.laptop.tree()
    plugin = {name for name in after if name.startswith(".local")}
    assert {name: what for name, what in after.items() if name not in plugin} == before
    assert not any("router.json" in name or "putback" in name for name in after)


@pytest.mark.parametrize("name", [".config/opencode/opencode.jsonc", ".omo/omo.jsonc"])
def test_a_configuration_of_the_users_own_is_left_as_it_is(ready: Alone, name: str) -> None:
    theirs = ready.laptop.home / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{ /* mine */ }\n")
    before = ready.laptop.tree()
    text = ready.run(SH, "--yes", code=3, PATH=ready.without("python3"))
    assert f"{name} is there" in text
    assert "-> " in text
    assert ready.laptop.tree() == before


def test_a_link_in_the_way_is_named(ready: Alone) -> None:
    folder = ready.laptop.home / ".omo"
    folder.mkdir()
    (folder / "omo.jsonc").symlink_to("/elsewhere")
    assert "omo.jsonc is a symbolic link" in ready.run(SH, "--yes", code=3)


def test_a_file_that_its_user_changed_since_stays_and_is_said(ready: Alone, sh: list[str]) -> None:
    ready.run(sh, "--yes", code=0)
    agent = ready.laptop.home / ".config/opencode/agents/tdd-guide.md"
    agent.write_text("mine\n")
    assert "tdd-guide.md was changed since" in ready.run(sh, "--uninstall", "--yes", code=0)
    left = [
        name for name in ready.laptop.tree() if name.startswith(".config") and name.endswith((".md", ".json"))
    ]
    assert left == [".config/opencode/agents/tdd-guide.md"]


def test_a_run_that_was_killed_is_given_back(ready: Alone, sh: list[str]) -> None:
    before = ready.laptop.tree()
    ready.run(sh, "--yes", code=0)
    state = ready.laptop.home / ".local/state/astraeus-provision"
    run = ready.file.read_text().split("sha256 ", 1)[1][:16]
    (state / "putback").write_text(f"run\tsh-{run}\n" + (state / "joined").read_text().partition("\n")[2])
    (state / "joined").unlink()
    assert "an earlier run broke off here" in ready.run(sh, "--yes", code=3)
    ready.run(sh, "--uninstall", "--yes", code=0)
    left = {name for name in ready.laptop.tree() if "/plugin" not in name} - before.keys()
    assert {name for name in left if "." in name.rsplit("/", 1)[-1].lstrip(".")} == set()
    ready.run(sh, "--yes", code=0)


def test_a_machine_of_the_program_s_is_not_taken_over(ready: Alone) -> None:
    ledger = ready.laptop.home / ".local/state/astraeus-provision/router.json"
    ledger.parent.mkdir(parents=True)
    ledger.write_text("{}\n")
    assert "a workstation of astraeus-provision itself" in ready.run(SH, "--yes", code=3)
    assert "router uninstall" in ready.run(SH, "--uninstall", "--yes", code=3)


def test_a_newer_file_follows_an_older_one(ready: Alone) -> None:
    before = ready.laptop.tree()
    ready.run(SH, "--yes", code=0)
    ready.settings["router"] = {"profile": "hybrid-claude-ollama"}
    ready.file.unlink()
    ready.has_opencode()
    assert "by another script than this\nNothing was changed.\n-> sh " in ready.run(SH, "--yes", code=3)
    ready.run(SH, "--uninstall", "--yes", code=0)
    assert ready.laptop.tree() == before
    ready.run(SH, "--yes", code=0)
    assert "anthropic" in (ready.laptop.home / ".omo/omo.jsonc").read_text()


def test_without_the_plugin_the_reduced_setup_is_written(alone: Alone) -> None:
    alone.settings = {"router": {"plugin": False}}
    alone.has_opencode()
    alone.run(SH, "--yes", code=0)
    assert not (alone.laptop.home / ".omo").exists()
    assert (alone.laptop.home / ".config/opencode/agents/sisyphus.md").exists()


def test_nothing_in_it_is_a_login(ready: Alone) -> None:
    ready.settings["hosts"] = [
        {
            "name": "gpu.lan",
            "advertise": "127.0.0.1",
            "ssh": {"user": "ops-login", "identity": "/home/me/.ssh/key"},
        }
    ]
    ready.file.unlink()
    for word in ("ops-login", "/home/me", str(ready.folder)):
        assert word not in ready.file.read_text()
