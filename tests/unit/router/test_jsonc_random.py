"""Random documents, and large ones: every edit leaves every other value and comment, in linear time."""

from __future__ import annotations

import contextlib
import json
import random
import time

from pydantic import JsonValue

from router.jsonc import JsoncError, load
from router.jsonc_edit import add_item, delete_path, get_path, remove_item, set_path

SEEDS = range(800)  # seven edits each, and one more of a new key, and of a new item
LONG = '{\n  "p": { "a": 1,\n    "b": {\n      "c": "' + "x" * 60 + '"\n    } }\n}'
STRINGS = ["", "a//b", 'q"\\', "/* x */", "ü\n\t", "\u2028"]


def test_every_random_document_keeps_its_other_values_and_comments() -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        text, expected, comments = _document(rng)
        for _ in range(4):
            path = _path(rng, expected)
            value = _value(rng, 2)
            try:
                edited = set_path(text, path, value)
            except JsoncError:
                assert not _reachable(expected, path), (seed, text, path)
                continue
            _put(expected, path, value)
            assert load(edited) == expected, (seed, text, path, edited)
            assert set_path(edited, path, value) == edited, (seed, path)
            text = edited
        for _ in range(3):
            path = _path(rng, expected)
            text = delete_path(text, path)
            _drop(expected, path)
            assert load(text) == expected, (seed, path, text)
            assert get_path(text, path) == (False, None) or not _reachable(expected, path)
        assert all(c in text for c in comments if c.startswith("// top")), (seed, text)


def test_a_new_key_taken_out_again_leaves_the_same_bytes() -> None:
    for seed in SEEDS:
        rng = random.Random(seed)
        text, _, _ = _document(rng)
        if not load(text):
            continue
        assert delete_path(set_path(text, ["fresh key"], _value(rng, 2)), ["fresh key"]) == text, (seed, text)


def test_a_new_item_taken_out_again_leaves_the_same_bytes() -> None:
    added = 0
    for seed in SEEDS:
        text, value, _ = _document(random.Random(seed))
        for key, items in value.items():
            if isinstance(items, list) and items:
                edited = add_item(text, [key], "fresh item")
                assert load(edited) == {**value, key: [*items, "fresh item"]}, (seed, text, edited)
                assert remove_item(edited, [key], "fresh item") == text, (seed, text, edited)
                added += 1
    assert added > len(SEEDS) / 8


def test_a_large_file_is_read_in_linear_time() -> None:
    small, large = (
        _seconds(json.dumps({str(i): {"v": [i, "x" * 20]} for i in range(n)}, indent=1))
        for n in (4000, 32000)
    )
    assert large < 8 * 4 * small + 0.2, (small, large)


def test_a_long_unclosed_string_does_not_backtrack() -> None:
    assert _seconds('{"a": "' + "ab" * 200_000) < 2


def _seconds(text: str) -> float:
    began = time.process_time()
    with contextlib.suppress(JsoncError):
        set_path(text, ["new"], 1)
    return time.process_time() - began


def _value(rng: random.Random, depth: int) -> JsonValue:
    pick = rng.randrange(7 if depth else 5)
    simple: list[JsonValue] = [
        None,
        True,
        rng.randint(-9, 9),
        1.5,
        rng.choice(["", "a//b", 'q"\\', "/* x */", "ü\n\t", "\u2028"]),
    ]
    if pick < 5:
        return simple[pick]
    if pick == 5:
        return [_value(rng, depth - 1) for _ in range(rng.randrange(3))]
    return {rng.choice("abcd{,"): _value(rng, depth - 1) for _ in range(rng.randrange(3))}


def _document(rng: random.Random) -> tuple[str, dict[str, JsonValue], list[str]]:
    """Write a random object in a random hand; return text, value and the comments put in."""
    comments: list[str] = []
    nl = rng.choice(["\n", "\n", "\r\n"])
    unit = rng.choice(["  ", "    ", "\t", ""])
    trailing = rng.random() < 0.4

    def gap(*, top: bool) -> str:
        roll = rng.random()
        if roll < 0.75:
            return ""
        comment = (
            f"// {'top' if top else 'in'}{len(comments)} }},]{{"
            if roll < 0.88
            else f"/* c{len(comments)} {{ */"
        )
        comments.append(comment)
        return " " + comment + (nl if comment.startswith("//") else "")

    def write(value: JsonValue, depth: int) -> str:
        if not isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        pairs = (
            [(json.dumps(k) + ": ", v) for k, v in value.items()]
            if isinstance(value, dict)
            else [("", v) for v in value]
        )
        if not pairs:
            return opening + gap(top=False) + closing
        inline = rng.random() < 0.3
        out = opening
        for index, (name, item) in enumerate(pairs):
            out += (
                gap(top=depth == 0)
                + (" " if inline else nl + unit * (depth + 1))
                + name
                + write(item, depth + 1)
            )
            if index < len(pairs) - 1 or trailing:
                out += ","
        return out + gap(top=depth == 0) + (" " if inline else nl + unit * depth) + closing

    value: dict[str, JsonValue] = {rng.choice("abcdefg"): _value(rng, 3) for _ in range(rng.randrange(6))}
    text = rng.choice(["", "\ufeff", "// top of file" + nl]) + write(value, 0) + rng.choice(["", nl, nl + nl])
    return text, value, comments


def _path(rng: random.Random, value: JsonValue) -> list[str]:
    path: list[str] = []
    while isinstance(value, dict) and value and rng.random() < 0.7:
        key = rng.choice(list(value))
        path.append(key)
        value = value[key]
    if not path or rng.random() < 0.4:
        path.append(rng.choice("abxyz"))
    return path


def _reachable(value: JsonValue, path: list[str]) -> bool:
    for key in path[:-1]:
        if not isinstance(value, dict):
            return False
        if key not in value:
            return True
        value = value[key]
    return isinstance(value, dict)


def _put(value: dict[str, JsonValue], path: list[str], new: JsonValue) -> None:
    for key in path[:-1]:
        inner = value.setdefault(key, {})
        if not isinstance(inner, dict):
            raise TypeError(path)
        value = inner
    value[path[-1]] = new


def _drop(value: JsonValue, path: list[str]) -> None:
    for key in path[:-1]:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value.pop(path[-1], None)
