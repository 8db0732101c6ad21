"""Another copy of the plugin is known however it is named, gives way to ours, and comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import JsonValue

from router.jsonc import load
from router.jsonc_edit import add_item
from router.merge import Memory, merge_named
from router.opencode import RouterSettings, Setting
from router.plugins import OMO, is_of

NOTHING = RouterSettings(settings=())


def ours(version: str = "1") -> RouterSettings:
    value = f"file:///home/a/{version}/node_modules/oh-my-openagent"
    return RouterSettings(settings=(Setting(path=("plugin",), value=value, policy="member", packages=OMO),))


def plugins(text: str) -> Any:
    value = load(text)
    assert isinstance(value, dict)
    return value["plugin"]


@pytest.mark.parametrize(
    "item",
    [
        "oh-my-openagent",
        "oh-my-openagent@latest",
        "oh-my-opencode@3.1.0",
        ["oh-my-opencode@3.1.0", {"a": 1}],
        "npm:oh-my-opencode@3",
        "github:code-yeongyu/oh-my-openagent#dev",
        "git+https://github.com/code-yeongyu/oh-my-openagent.git",
        "file:///opt/node_modules/oh-my-opencode",
        "./oh-my-openagent/dist/index.js",
    ],
)
def test_a_copy_of_the_plugin_is_known(item: JsonValue) -> None:
    assert is_of(item, OMO)


@pytest.mark.parametrize(
    "item", ["oh-my-opencode-slim", "@me/not-oh-my-opencode", "./oh-my-opencode/mine.ts", "x", 3, [], None]
)
def test_another_plugin_is_none(item: JsonValue) -> None:
    assert not is_of(item, OMO)
    assert not is_of(item, ())


def test_other_copies_give_way_and_come_back() -> None:
    before = ["oh-my-opencode@3.1.0", "hers", ["oh-my-openagent@latest", {"key": "k"}]]
    first = merge_named(json.dumps({"plugin": before}), ours(), None)
    assert plugins(first.text) == ["hers", ours().settings[0].value]
    assert [text.split(":")[0] for text in first.kept] == [
        "plugin names oh-my-opencode@3.1.0",
        "plugin names oh-my-openagent@latest",
    ]
    again = merge_named(first.text, ours(), first.memory)
    assert (again.text, again.memory, again.kept) == (first.text, first.memory, ())
    newer = merge_named(again.text, ours("2"), again.memory)
    assert plugins(newer.text) == ["hers", ours("2").settings[0].value]
    memory = Memory.model_validate_json(newer.memory.model_dump_json())
    gone = merge_named(newer.text, NOTHING, memory)
    assert sorted(plugins(gone.text), key=str) == sorted(before, key=str)
    assert gone.memory == Memory()


def test_a_copy_that_comes_later_gives_way_too() -> None:
    first = merge_named('{"plugin": ["oh-my-opencode@3"]}', ours(), None)
    more = add_item(first.text, ("plugin",), "oh-my-opencode@4")
    second = merge_named(more, ours(), first.memory)
    assert plugins(second.text) == [ours().settings[0].value]
    gone = merge_named(second.text, NOTHING, second.memory)
    assert plugins(gone.text) == ["oh-my-opencode@3", "oh-my-opencode@4"]
