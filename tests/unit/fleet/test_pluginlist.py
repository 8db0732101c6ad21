"""A `plugin` array of ours switches off no plugin of the user's other file."""

from __future__ import annotations

from typing import Any

import pytest

from provision.fleet.workstation.withdrawal import withdraw
from router.jsonc import load
from tests.unit.fleet.test_agents import CONFIG, FOLDERS, after, content, file, found, published, wanted

JSONC = f"{CONFIG}c"
OURS = f"file://{FOLDERS.plugin('1.0')}"


def plugins(text: str) -> Any:
    value = load(text)
    assert isinstance(value, dict)
    return value.get("plugin")


def test_the_plugins_of_the_json_are_named_in_the_jsonc_as_long_as_ours_is() -> None:
    hers = '{"plugin": ["hers", ["more", {"token": "sk-1"}], "oh-my-openagent@latest"]}'
    before = found(file(CONFIG, hers), file(JSONC, "// hers\n{}\n"))
    files, intent = published(before)
    assert plugins(content(files, JSONC)) == ["hers", ["more", {"token": "sk-1"}], OURS]
    assert content(files, CONFIG) == hers
    assert '"hers"' in intent.change.diff
    assert "sk-1" not in intent.change.diff
    files, _ = published({**files, CONFIG: file(CONFIG, '{"plugin": ["other"]}')})
    assert plugins(content(files, JSONC)) == [OURS, "other"]
    plan = withdraw(files, FOLDERS)
    assert plan is not None
    assert content(after(files, plan.files), JSONC) == "// hers\n{}\n"
    without = wanted().model_copy(update={"agents": None, "plugin": None})
    assert plugins(content(published(files, without)[0], JSONC)) is None


@pytest.mark.parametrize(
    ("json", "jsonc"),
    [('{"plugin": ["off"]}', '{"plugin": ["on"]}'), ('{"plugin": [', '{"plugin": ["on"]}')],
)
def test_what_was_off_already_stays_off(json: str, jsonc: str) -> None:
    files, _ = published(found(file(CONFIG, json), file(JSONC, jsonc)))
    assert plugins(content(files, JSONC)) == ["on", OURS]


def test_ours_that_moves_to_the_jsonc_is_there_once() -> None:
    files, _ = published(found(file(CONFIG, '{"plugin": ["hers"]}')))
    files, _ = published({**files, JSONC: file(JSONC, "{}")})
    assert plugins(content(files, JSONC)) == ["hers", OURS]
    assert plugins(content(files, CONFIG)) == ["hers"]


def test_a_copy_that_gave_way_is_there_again_in_its_place() -> None:
    before = found(file(CONFIG, '{\n  "plugin": [ "oh-my-opencode@3.1.0", /* mine */ "hers" ]\n}\n'))
    files, intent = published(before)
    assert plugins(content(files, CONFIG)) == ["hers", OURS]
    assert any("oh-my-opencode@3.1.0: it gives way" in text for text in intent.change.kept)
    files, _ = published(files, wanted("hybrid-claude-ollama"))
    plan = withdraw(files, FOLDERS)
    assert plan is not None
    assert {**after(files, plan.files), FOLDERS.ledger: before[FOLDERS.ledger]} == before
