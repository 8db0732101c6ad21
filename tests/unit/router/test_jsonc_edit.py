"""Every edit leaves the right values and, outside of them, every byte."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from router.jsonc import JsoncError, load
from router.jsonc_edit import add_item, delete_path, remove_item, set_path

LONG = '{\n  "p": { "a": 1,\n    "b": {\n      "c": "' + "x" * 60 + '"\n    } }\n}'


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
