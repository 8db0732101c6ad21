"""Single settings in the user's file: an item of her array, a default below a value that is hers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.jsonc import JsoncError
from router.jsonc_edit import get_path
from router.merge import merge_named
from router.opencode import RouterSettings, Setting
from router.view import owned_view

NOTHING = RouterSettings(settings=())
PLUGIN = RouterSettings(settings=(Setting(path=("plugin",), value="ours@1", policy="member"),))
OTHER_PLUGIN = RouterSettings(settings=(Setting(path=("plugin",), value="ours@2", policy="member"),))


@pytest.mark.parametrize("value", ['"allow"', "null"])
def test_one_value_for_all_that_we_would_set_below_is_the_users_choice(value: str) -> None:
    text = f'{{ "permission": {value} }}'
    offers = [Setting(path=("permission", key), value="ask", policy="offer") for key in ("webfetch", "edit")]
    wanted = RouterSettings(settings=tuple(offers))
    for memory in (None, merge_named("{}", wanted, None).memory):
        done = merge_named(text, wanted, memory)
        assert (done.text, done.memory.written) == (text, ())
        assert done.kept == (f"permission stays {value}; the site's defaults below it are not set",)
        assert merge_named(text, NOTHING, done.memory).text == text
    with pytest.raises(JsoncError, match="permission"):
        merge_named(text, RouterSettings(settings=(Setting(path=("permission", "edit"), value="ask"),)), None)


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "a": 1\n}\n',
        '{ "plugin": ["theirs"] }',
        '{\n  "plugin": [\n    "theirs", // mine\n  ],\n}\n',
        "",
    ],
)
def test_our_item_joins_the_users_and_leaves_as_it_came(text: str) -> None:
    first = merge_named(text, PLUGIN, None)
    assert "ours@1" in _items(first.text)
    assert merge_named(first.text, PLUGIN, first.memory).text == first.text
    second = merge_named(first.text, OTHER_PLUGIN, first.memory)
    assert "ours@2" in _items(second.text)
    assert "ours@1" not in _items(second.text)
    gone = merge_named(second.text, NOTHING, second.memory).text
    assert gone.strip() in {text, text.strip(), "{}"}


def test_an_item_that_the_user_put_there_first_stays_when_ours_goes() -> None:
    text = '{"plugin": ["ours@1"]}'
    first = merge_named(text, PLUGIN, None)
    assert (first.text, first.memory.written) == (text, ())
    assert merge_named(text, NOTHING, first.memory).text == text


def test_items_of_ours_alone_are_shown() -> None:
    first = merge_named('{"plugin": ["theirs"]}', PLUGIN, None)
    assert json.loads(owned_view(first.text, first.memory, PLUGIN)) == {"plugin": ["ours@1"]}


def _items(text: str) -> list[Any]:
    value = get_path(text, ("plugin",))[1]
    assert isinstance(value, list)
    return value
