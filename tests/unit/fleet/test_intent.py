"""What publishing would write follows from what was found and what is ordered; nothing foreign is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

import pytest

from provision.fleet.workstation.facts import describe
from provision.fleet.workstation.intent import (
    Intent,
    base_urls,
    config_of,
    intend,
    remembered_files,
)
from provision.fleet.workstation.ledger import unpack
from provision.fleet.workstation.reading import Folders, FoundFile, octal, read_found
from provision.fleet.workstation.shapes import Order
from provision.fleet.workstation.sharedfile import Refused
from provision.fleet.workstation.withdrawal import Withdrawal, withdraw
from tests.unit.fleet.homes import order

HOME = "/home/dev"
BASH = Folders(HOME, f"{HOME}/.config", f"{HOME}/.local/state", "/bin/bash", 1000)
CONFIG = f"{HOME}/.config/opencode/opencode.json"
JSONC = f"{HOME}/.config/opencode/opencode.jsonc"
ENV = f"{HOME}/.config/astraeus-provision/env.sh"
FISH = f"{HOME}/.config/fish/conf.d/astraeus-provision.fish"
SHELLS = [ENV, FISH, *(f"{HOME}/{name}" for name in (".profile", ".bash_profile", ".bashrc", ".zshrc"))]
HOST = "http://gpu.lan:4242"


def _file(path: str, text: str, mode: str = "600", uid: int = 1000) -> FoundFile:
    content = text.encode()
    return FoundFile(path, "file", mode, uid, len(content), sha256(content).hexdigest(), content)


def _found(*files: FoundFile, shells: bool = False) -> dict[str, FoundFile]:
    paths = [JSONC, CONFIG, BASH.ledger, *(SHELLS if shells else [])]
    return {**{path: FoundFile(path) for path in paths}, **{file.path: file for file in files}}


def _after(found: Mapping[str, FoundFile], intent: Intent | Withdrawal) -> dict[str, FoundFile]:
    """Play what publishing does."""
    files = dict(found)
    for change in intent.files:
        path = change.found.path
        files[path] = FoundFile(path) if change.new is None else _file(path, change.new.decode(), change.mode)
    return files


def _settled(found: Mapping[str, FoundFile], wanted: Order, folders: Folders = BASH) -> dict[str, FoundFile]:
    """Publish, and see that publishing again does nothing."""
    after = _after(found, intend(found, folders, wanted))
    assert intend(after, folders, wanted).files == ()
    assert intend(after, folders, wanted).change.diff == ""
    return after


def test_a_bare_home_gets_the_file_and_the_ledger() -> None:
    intent = intend(_found(), BASH, order("m1"))
    assert intent.change.files == (CONFIG, BASH.ledger)
    assert {change.mode for change in intent.files} == {"600"}
    _settled(_found(), order("m1"))


def test_jsonc_is_taken_where_it_exists() -> None:
    found = _found(_file(JSONC, "{}"), _file(CONFIG, "{}"))
    assert intend(found, BASH, order("m1")).path == JSONC
    _settled(found, order("m1"))


def test_a_jsonc_begun_later_takes_ours_out_of_the_json() -> None:
    after = _settled(_found(_file(CONFIG, '{"theme": "x"}')), order("m1"))
    after[JSONC] = _file(JSONC, "{}")
    both = _settled(after, order("m1"))
    assert json.loads(both[CONFIG].content or b"") == {
        "theme": "x",
    }
    assert b"gpu.lan" in (both[JSONC].content or b"")


def test_a_json_that_we_made_is_gone_when_the_user_begins_a_jsonc() -> None:
    after = _settled(_found(), order("m1"))
    after[JSONC] = _file(JSONC, "{}", "644")
    assert f"- ours in {CONFIG}\n" in intend(after, BASH, order("m1")).change.diff
    both = _settled(after, order("m1"))
    assert both[CONFIG] == FoundFile(CONFIG)
    plan = withdraw(both, BASH)
    assert plan is not None
    assert _after(both, plan)[JSONC] == after[JSONC]


def test_a_json_left_for_a_jsonc_that_does_not_parse_is_refused_by_its_place() -> None:
    after = _settled(_found(), order("m1"))
    after[JSONC], after[CONFIG] = _file(JSONC, "{}"), _file(CONFIG, '{\n  "a": sk-live,\n}')
    with pytest.raises(Refused) as caught:
        intend(after, BASH, order("m1"))
    assert caught.value.problem.startswith(f"{CONFIG}: line 2, column 8")
    assert "sk-live" not in caught.value.problem


def test_a_configuration_under_another_folder_of_settings_is_found_again() -> None:
    after = _settled(_found(), order("m1"))
    ledger = unpack(after[BASH.ledger].content)
    assert CONFIG in remembered_files(ledger, replace(BASH, config_home="/elsewhere"))


def test_a_removed_model_goes() -> None:
    after = _settled(_found(), order("m1", "m2"))
    less = _settled(after, order("m2"))
    assert list(json.loads(less[CONFIG].content or b"")["provider"]["ollama"]["models"]) == ["m2"]


def test_beside_the_users_own_ollama_all_of_the_order_has_the_other_id() -> None:
    own = '{"provider": {"ollama": {"options": {"baseURL": "http://localhost:9/v1"}}}}'
    intent = intend(_found(_file(CONFIG, own)), BASH, order("m1"))
    assert intent.order.confirm.models == ("ollama-gpu-lan/m1",)
    assert intent.order.router.offered == ("ollama-gpu-lan/m1",)
    assert base_urls(intent.order.router) == {"ollama-gpu-lan": f"{HOST}/v1"}
    assert '+    "ollama-gpu-lan": {' in intent.change.diff
    assert "localhost" not in intent.change.diff
    assert "provider.ollama stays" in intent.change.kept[0]
    _settled(_found(_file(CONFIG, own)), order("m1"))


@pytest.mark.parametrize("other", ['{"provider": {"ollama": {}}}', '{"provider": {"ollama": ', "[]"])
def test_a_provider_of_the_json_beside_the_jsonc_is_the_users(other: str) -> None:
    found = _found(_file(JSONC, "{}"), _file(CONFIG, other))
    name = "ollama-gpu-lan" if other.endswith("}}}") else "ollama"
    assert intend(found, BASH, order("m1")).order.router.offered == (f"{name}/m1",)
    assert _settled(found, order("m1"))[CONFIG].content == other.encode()


def test_ours_that_moves_to_the_jsonc_is_not_in_its_own_way() -> None:
    after = _settled(_found(), order("m1"))
    after[JSONC] = _file(JSONC, "{}")
    assert intend(after, BASH, order("m1")).order.router.offered == ("ollama/m1",)


def test_a_mode_that_others_can_read_is_closed_and_said() -> None:
    after = _settled(_found(), order("m1"))
    after[CONFIG] = replace(after[CONFIG], mode="644")
    intent = intend(after, BASH, order("m1"))
    assert intent.change.files == (CONFIG,)
    assert "mode 644 becomes 600" in intent.change.diff


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (FoundFile(CONFIG, "symlink"), "symbolic link"),
        (FoundFile(CONFIG, "other"), "no plain file"),
        (FoundFile(CONFIG, "unreadable", "600", 0, 5), "cannot be read"),
        (FoundFile(CONFIG, "large", "600", 1000, 9_000_000), "over 8 MiB"),
        (_file(CONFIG, "{}", uid=0), "belongs to uid 0"),
        (_file(CONFIG, '{\n "a": sk-live,\n}'), "line 2, column 7"),
        (_file(CONFIG, "[]"), "line 1, column 1"),
        (replace(_file(CONFIG, "{}"), content=b'{\n"\xff"'), "line 2 is not UTF-8"),
    ],
)
def test_a_file_that_must_be_left_is_refused_with_a_remedy(file: FoundFile, said: str) -> None:
    with pytest.raises(Refused) as caught:
        intend(_found(file), BASH, order("m1"))
    assert said in caught.value.problem
    assert CONFIG in caught.value.problem
    assert "sk-live" not in caught.value.problem
    assert caught.value.remedy


def test_a_broken_file_is_described_by_line_and_column() -> None:
    found = _found(_file(CONFIG, '{\n  "a": 1\n  "b": 2\n}'))
    seen = describe(config_of(found, BASH))
    assert seen.broken is not None
    assert seen.broken.startswith("line 3, column 3")


def test_a_broken_ledger_is_as_good_as_none() -> None:
    after = _settled(_found(), order("m1"))
    after[BASH.ledger] = _file(BASH.ledger, "{")
    assert intend(after, BASH, order("m1")).change.files == (BASH.ledger,)


def test_contents_are_in_no_repr() -> None:
    found = _found(_file(CONFIG, '{"provider": {"x": {"options": {"apiKey": "sk-live"}}}}'))
    intent = intend(found, BASH, order("m1"))
    assert "sk-live" not in repr((found, intent))
    assert "sk-live" not in intent.change.model_dump_json()


def test_shells_get_the_host_and_give_it_back() -> None:
    rc = f"{HOME}/.bashrc"
    start = _found(_file(rc, "alias x=y", "644"), shells=True)
    wanted = order("m1", ollama_host=HOST)
    after = _settled(start, wanted)
    assert (after[rc].content or b"").startswith(b"alias x=y\nif [ -r ")
    assert after[rc].mode == "644"
    assert after[f"{HOME}/.zshrc"].kind == "absent"
    assert f"export OLLAMA_HOST={HOST}".encode() in (after[ENV].content or b"")
    gone = _settled(after, order("m1"))
    assert gone[rc].content == b"alias x=y\n"
    assert gone[ENV].kind == "absent"


@pytest.mark.parametrize(
    ("shell", "name"), [("/bin/zsh", ".zshrc"), ("/bin/bash", ".bashrc"), ("/bin/sh", ".profile")]
)
def test_the_shell_in_use_gets_a_start_file_that_goes_again(shell: str, name: str) -> None:
    folders = replace(BASH, shell=shell)
    after = _settled(_found(shells=True), order("m1", ollama_host=HOST), folders)
    made = [path for path in SHELLS[2:] if after[path].kind == "file"]
    assert made == [f"{HOME}/{name}"]
    gone = _settled(after, order("m1"), folders)
    assert all(gone[path].kind == "absent" for path in SHELLS)
    ledger = unpack(gone[BASH.ledger].content)
    assert ledger is not None
    assert ledger.made == ()


def test_fish_gets_its_own_file() -> None:
    folders = replace(BASH, shell="/usr/bin/fish")
    after = _settled(_found(shells=True), order("m1", ollama_host=HOST), folders)
    assert f"set -gx OLLAMA_HOST {HOST}".encode() in (after[FISH].content or b"")
    assert _settled(after, order("m1"), folders)[FISH].kind == "absent"


def test_a_linked_or_own_setting_in_a_start_file_is_left_and_said() -> None:
    link, own = FoundFile(f"{HOME}/.bashrc", "symlink"), _file(f"{HOME}/.zshrc", "export OLLAMA_HOST=mine\n")
    found = _found(link, own, shells=True)
    intent = intend(found, BASH, order("m1", ollama_host=HOST))
    assert not {link.path, own.path} & set(intent.change.files)
    assert sum(path in line for path in (link.path, own.path) for line in intent.change.kept) == 2


def test_another_host_replaces_the_old_line_once() -> None:
    after = _settled(_found(_file(f"{HOME}/.bashrc", "x\n"), shells=True), order("m1", ollama_host=HOST))
    moved = _settled(after, order("m1", ollama_host="http://b:1"))
    assert (moved[f"{HOME}/.bashrc"].content or b"").count(b"astraeus-provision") == 3
    assert b"http://b:1" in (moved[ENV].content or b"")


@pytest.mark.parametrize(
    ("letters", "mode"),
    [("-rw-r--r--", "644"), ("-rw-------@", "600"), ("-rwxr-x---+", "750"), ("----------", "000")],
)
def test_modes_are_read_from_ls(letters: str, mode: str) -> None:
    assert octal(letters) == mode


def test_found_files_are_read_with_spaces_in_paths() -> None:
    found = read_found([("file", "file -rw------- 7 2 =e30= /a b/c"), ("file", "absent - - - - /d e")])
    assert found["/a b/c"].content == b"{}"
    assert found["/a b/c"].uid == 7
    assert found["/d e"].kind == "absent"
