"""Every edit leaves the right values and, outside of them, every byte."""

from __future__ import annotations

import contextlib
import json
import random
import time

import pytest
from pydantic import JsonValue

from router.jsonc import JsoncError, load
from router.jsonc_edit import add_item, delete_path, get_path, remove_item, set_path

SEEDS = range(800)  # seven edits each, and one more of a new key, and of a new item
LONG = '{\n  "p": { "a": 1,\n    "b": {\n      "c": "' + "x" * 60 + '"\n    } }\n}'
STRINGS = ["", "a//b", 'q"\\', "/* x */", "ü\n\t", "\u2028"]


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("", ["a"], 1, '{\n  "a": 1\n}\n'),
        (" \n\n", ["a", "b"], 1, '{\n  "a": {\n    "b": 1\n  }\n}\n'),
        ("// mine\n", ["a"], 1, '// mine\n{\n  "a": 1\n}\n'),
        ("/* mine */", ["a"], 1, '/* mine */\n{\n  "a": 1\n}\n'),
        ("\ufeff", ["a"], 1, '\ufeff{\n  "a": 1\n}\n'),
        ("{}", ["a"], 1, '{\n  "a": 1\n}'),
        ('{ "a": 1 }', ["b"], {"c": [1]}, '{ "a": 1, "b": {"c": [1]} }'),
        ('{\n  "p": { "a": 1 }\n}', ["p", "b"], {"c": "x" * 60}, LONG),
        ('{ "a": 1, }', ["b"], 2, '{ "a": 1, "b": 2, }'),
        ('{\n\t"a": 1\n}\n', ["b", "c"], 2, '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 2\n\t}\n}\n'),
        (
            '{\r\n  "a": 1\r\n}\r\n',
            ["b"],
            {"c": 2},
            '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 2\r\n  }\r\n}\r\n',
        ),
        ('{\n  "a": 1 // one\n}', ["b"], 2, '{\n  "a": 1, // one\n  "b": 2\n}'),
        ('{\n  "a": 1, // one\n  // rest\n}', ["b"], 2, '{\n  "a": 1, // one\n  "b": 2,\n  // rest\n}'),
        ('{\n  "a": 1 /* x\n y */\n}', ["b"], 2, '{\n  "a": 1,\n  "b": 2 /* x\n y */\n}'),
        ("{\n  // nothing yet\n}", ["b"], 2, '{\n  // nothing yet\n  "b": 2\n}'),
        ('{"a": 1, "a": 2}', ["a"], 3, '{"a": 1, "a": 3}'),
        ('{\n    "p": {}\n}', ["p", "q"], 1, '{\n    "p": {\n        "q": 1\n    }\n}'),
        ('{"s": "x"}', ["s"], "\ud800", '{"s": "\\ud800"}'),
    ],
)
def test_a_set_changes_only_its_place(text: str, path: list[str], value: JsonValue, expected: str) -> None:
    assert set_path(text, path, value) == expected
    assert set_path(expected, path, value) == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"a": 1}', ["a"], "{}"),
        ('{ "a": 1, "b": 2 }', ["b"], '{ "a": 1 }'),
        ('{ "a": 1, "b": 2 }', ["a"], '{ "b": 2 }'),
        ('{\n  "a": 1,\n  "b": 2\n}', ["b"], '{\n  "a": 1\n}'),
        ('{\n  "a": 1,\n  "b": 2,\n}', ["b"], '{\n  "a": 1,\n}'),
        ('{\n  "a": 1, // one\n  "b": 2 // two\n}', ["b"], '{\n  "a": 1 // one // two\n}'),
        ('{\n  // x\n  "a": 1, "b": 2\n}', ["a"], '{\n  // x\n  "b": 2\n}'),
        ('{\n  // x\n  "a": 1, /* c\n d */ "b": 2\n}', ["a"], '{\n  // x\n  /* c\n d */ "b": 2\n}'),
        ('{"a": 1, "b": 2, "a": 3}', ["a"], '{"b": 2}'),
        ('{\n  "a": 1\n  , "b": 2\n}', ["a"], '{\n   "b": 2\n}'),
        ('{"p": {"q": 1}}', ["p", "q"], '{"p": {}}'),
        ('{"p": 1}', ["p", "q"], '{"p": 1}'),
        ("// nothing", ["p"], "// nothing"),
    ],
)
def test_a_delete_takes_only_its_key(text: str, path: list[str], expected: str) -> None:
    assert delete_path(text, path) == expected
    assert load(expected) is not None


@pytest.mark.parametrize(
    ("text", "item", "expected"),
    [
        ("", "x", '{\n  "p": [\n    "x"\n  ]\n}\n'),
        ('{"p": []}', "x", '{"p": [\n  "x"\n]}'),
        ('{"p": ["x"]}', "x", '{"p": ["x"]}'),
        ('{ "p": ["a"] }', "x", '{ "p": ["a", "x"] }'),
        ('{ "p": ["a",] }', "x", '{ "p": ["a", "x",] }'),
        ('{\n  "p": [\n    "a" // mine\n  ]\n}', "x", '{\n  "p": [\n    "a", // mine\n    "x"\n  ]\n}'),
        ('{ "p": [["a", {}]] }', ["b"], '{ "p": [["a", {}], ["b"]] }'),
    ],
)
def test_an_item_is_added_behind_the_others_once(text: str, item: JsonValue, expected: str) -> None:
    assert add_item(text, ["p"], item) == expected
    assert add_item(expected, ["p"], item) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"p": ["x"]}', '{"p": []}'),
        ('{"p": ["x", "a"]}', '{"p": ["a"]}'),
        ('{"p": ["a", /* one */ "x"]}', '{"p": ["a" /* one */]}'),
        (
            '{\n  "p": [\n    // mine\n    "a",\n    "x",\n  ],\n}',
            '{\n  "p": [\n    // mine\n    "a",\n  ],\n}',
        ),
        ('{"p": ["a"]}', '{"p": ["a"]}'),
        ('{"p": {"x": 1}}', '{"p": {"x": 1}}'),
        ("", ""),
    ],
)
def test_an_item_is_taken_out_and_nothing_else(text: str, expected: str) -> None:
    assert remove_item(text, ["p"], "x") == expected


@pytest.mark.parametrize("text", ['{"p": {}}', '{"p": 1}', '{"p": null}'])
def test_an_item_is_not_put_into_what_is_no_array(text: str) -> None:
    with pytest.raises(JsoncError, match="not an array"):
        add_item(text, ["p"], "x")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', 3, 3, "',' or '}' is missing"),
        ('{"a" 1}', 1, 6, "':' is missing"),
        ("{'a': 1}", 1, 2, 'unexpected "\'"'),
        ('{"a": 01}', 1, 7, "unexpected '0'"),
        ('{"a": tru}', 1, 7, "unexpected 't'"),
        ('{"a": 1} x', 1, 10, "unexpected 'x'"),
        ('{"a": 1} {}', 1, 10, "after the end"),
        ('{"a": [1,,2]}', 1, 10, "a value is missing"),
        ('{"a": 1', 1, 8, "ends before the '}'"),
        ('{"a":', 1, 6, "the file ends"),
        ('{\r\n"a": "x\r\n"}', 2, 6, "not closed"),
        ('{"a": 1} /* x', 1, 10, "never closed"),
        ('{"a": 1e999}', 1, 7, "too large"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "too large"),
        ("[" * 100_000, 1, 201, "deeper than 200"),
        ('{"a":' * 100_000, 1, 1001, "deeper than 200"),
    ],
)
def test_a_broken_text_is_named_by_line_and_column(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(JsoncError) as caught:
        set_path(text, ["k"], 1)
    assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)
    assert message in caught.value.message


@pytest.mark.parametrize("text", ["[]", "[1]", '"x"', "// c\n[]", '{"p": [1]}', '{"p": null}'])
def test_another_shape_on_the_way_is_refused_not_replaced(text: str) -> None:
    with pytest.raises(JsoncError, match="not an object"):
        set_path(text, ["p", "q"], 1)


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
