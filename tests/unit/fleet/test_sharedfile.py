"""A file that we share with its user: merged, and given back byte by byte, whatever happened in between."""

from __future__ import annotations

from hashlib import sha256

import pytest

from provision.fleet.workstation.ledger import Back
from provision.fleet.workstation.reading import FoundFile
from provision.fleet.workstation.sharedfile import FileChange, give_back, share
from router.merge import Memory
from router.opencode import RouterSettings, Setting

PATH = "/home/dev/.config/opencode/opencode.json"
WANTED = RouterSettings(
    settings=(
        Setting(path=("$schema",), value="https://example.org/s.json", policy="fill"),
        Setting(path=("model",), value="ollama/m", policy="offer"),
        Setting(path=("permission", "webfetch"), value="ask", policy="offer"),
        Setting(path=("plugin",), value="ours@1", policy="member"),
        Setting(path=("provider", "ollama", "name"), value="Ollama"),
    )
)
LATER = RouterSettings(
    settings=(*WANTED.settings[:-1], Setting(path=("provider", "ollama", "name"), value="Pool"))
)
USERS = [
    "",
    "{}",
    '{\n  // mine\n  "theme": "dark", // keep\n  "plugin": ["theirs"],\n}\n',
    '{ "provider": { "ollama": { "name": "my own" } }, "permission": {} }',
    '{"model": "openai/gpt-5.2", "plugin": [ ]}',
    "// nothing yet\n",
]


def file(text: str | None, mode: str = "600") -> FoundFile:
    if text is None:
        return FoundFile(PATH)
    content = text.encode()
    return FoundFile(PATH, "file", mode, 1000, len(content), sha256(content).hexdigest(), content)


def after(found: FoundFile, changes: tuple[FileChange, ...]) -> FoundFile:
    for change in changes:
        return FoundFile(PATH) if change.new is None else file(change.new.decode(), change.mode)
    return found


def publish(
    found: FoundFile, wanted: RouterSettings, memory: Memory | None = None, back: Back | None = None
) -> tuple[FoundFile, Memory, Back]:
    plan, _ = share(found, wanted, memory, back)
    return after(found, plan.changes), plan.memory, plan.back


@pytest.mark.parametrize("text", USERS)
@pytest.mark.parametrize("mode", ["600", "644"])
def test_apply_rerun_and_uninstall_give_the_same_bytes_and_mode(text: str, mode: str) -> None:
    before = file(text, mode)
    found, memory, back = publish(before, WANTED)
    again, memory, back = publish(found, WANTED, memory, back)
    assert again == found
    changed, memory, back = publish(again, LATER, memory, back)
    assert changed != again
    assert after(changed, give_back(changed, memory, back)) == before


def test_a_file_that_we_made_is_gone_again() -> None:
    found, memory, back = publish(file(None), WANTED)
    assert back.made
    assert after(found, give_back(found, memory, back)) == file(None)


@pytest.mark.parametrize("text", USERS)
def test_what_the_user_wrote_since_stays_and_ours_goes(text: str) -> None:
    found, memory, back = publish(file(text), WANTED)
    assert found.content is not None
    edited = file(found.content.decode().replace("{", '{ "later": 1,', 1))
    given = after(edited, give_back(edited, memory, back)).content or b""
    assert b'"later": 1' in given
    assert b"ours@1" not in given
    found, memory, back = publish(edited, LATER, memory, back)
    assert after(found, give_back(found, memory, back)).content == given


@pytest.mark.parametrize("note", ["// hers\n", "/* hers */"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_file_that_we_made_and_the_user_wrote_to_stays(note: str, *, inside: bool) -> None:
    found, memory, back = publish(file(None), WANTED)
    text = (found.content or b"").decode()
    edited = file(text.replace("{", "{ " + note, 1) if inside else text + note)
    given = after(edited, give_back(edited, memory, back))
    assert note.strip().encode() in (given.content or b"")


@pytest.mark.parametrize("left", ["", "\n", "{}", "{\n}\n"])
def test_a_file_that_we_made_and_that_holds_nothing_is_gone(left: str) -> None:
    _, memory, back = publish(file(None), WANTED)
    emptied = file(left)
    assert after(emptied, give_back(emptied, memory, back)) == file(None)
