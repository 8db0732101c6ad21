"""Sets and deletes single paths and array items of a JSON or JSONC text and keeps every other byte of it.

Comments, key order, indentation, line ends, a BOM and the style of trailing commas stay as the author
left them. Comments beside a deleted key stay; only those inside the deleted value go with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pydantic import JsonValue

from router.jsonc import BOM, Node, parse, place, plain

_REST_OF_LINE = re.compile(r"(?:[ \t]*(?:/\*[^\r\n]*?\*/|//[^\r\n]*))+(?=[ \t]*(?:\r|\n|\Z))")
_LINE_ENDS = re.compile(r"(?:[ \t]*(?:/\*[^\r\n]*?\*/|//[^\r\n]*))*[ \t]*(?:\r|\n|\Z)")
_SPACE = " \t\r\n"
_INDENT = re.compile(r"(?:\A|[\r\n])([ \t]*)\Z")


INLINE_LENGTH = 60
"""Longer values get lines of their own, even in an object that stands on one line."""


def get_path(text: str, path: Sequence[str]) -> tuple[bool, JsonValue]:
    """Return (is it there, its plain value)."""
    node = parse(text)
    for key in path:
        node = node.find(key) if node is not None and node.kind == "object" else None
    return (node is not None, None if node is None else plain(node))


def set_path(text: str, path: Sequence[str], value: JsonValue) -> str:
    """Return the text with `value` at `path`; missing objects on the way are made."""
    root = parse(text)
    if root is None:
        return _new_document(text, _nested(path, value))
    node = _object(text, root, "the document")
    for depth, key in enumerate(path):
        found = node.find(key)
        if found is None:
            return _insert(text, root, node, key, _nested(path[depth + 1 :], value))
        if depth == len(path) - 1:
            if same(plain(found), value):
                return text
            new = _dump(text, root, value, found.start, inline=_inline(text, node))
            return text[: found.start] + new + text[found.end :]
        node = _object(text, found, ".".join(path[: depth + 1]))
    return text


def same(one: JsonValue, other: JsonValue) -> bool:
    """Compare as JSON does: true is not 1, the order of keys does not count."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def delete_path(text: str, path: Sequence[str]) -> str:
    """Return the text without `path` (all duplicates of the key); a path that is not there is no error."""
    while True:
        node = parse(text)
        for key in path[:-1]:
            node = node.find(key) if node is not None and node.kind == "object" else None
        if node is None or node.kind != "object":
            return text
        index = next((i for i, m in enumerate(node.members) if m.key == path[-1]), None)
        if index is None:
            return text
        text = _remove(text, node, index)


def add_item(text: str, path: Sequence[str], item: JsonValue) -> str:
    """Return the text with `item` in the array at `path`, behind the others; a missing array is made.

    JsoncError where something else stands there.
    """
    there, items = get_path(text, path)
    if not there:
        return set_path(text, path, [item])
    root, node = _array(text, path)
    if isinstance(items, list) and any(same(one, item) for one in items):
        return text
    return _insert(text, root, node, None, item)


def remove_item(text: str, path: Sequence[str], item: JsonValue) -> str:
    """Return the text without `item` in the array at `path`; what is not there is no error."""
    there, items = get_path(text, path)
    if not there or not isinstance(items, list):
        return text
    index = next((number for number, one in enumerate(items) if same(one, item)), None)
    return text if index is None else _remove(text, _array(text, path)[1], index)


def _array(text: str, path: Sequence[str]) -> tuple[Node, Node]:
    """Return the root and the array at a path that is there."""
    root = node = parse(text)
    for key in path:
        node = node.find(key) if node is not None else None
    if root is None or node is None or node.kind != "array":
        kind = "an object" if node is not None and node.kind == "object" else "a single value"
        raise place(text, 0 if node is None else node.start, f"{'.'.join(path)} is {kind}, not an array")
    return root, node


def _object(text: str, node: Node, name: str) -> Node:
    if node.kind != "object":
        kind = "an array" if node.kind == "array" else "a single value"
        raise place(text, node.start, f"{name} is {kind}, not an object")
    return node


def _nested(path: Sequence[str], value: JsonValue) -> JsonValue:
    for key in reversed(path):
        value = {key: value}
    return value


def _newline(text: str) -> str:
    match = re.search(r"\r\n|\n|\r", text)
    return match.group() if match else "\n"


def _indent_of(text: str, at: int) -> str | None:
    """Return the white space before `at` if nothing else stands before it on its line."""
    match = _INDENT.search(text, max(0, at - 1000), at)
    return match.group(1) if match else None


def _line_indent(text: str, at: int) -> str:
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    line = text[start:at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str, root: Node) -> str:
    """Return one step of indentation as the author makes it."""
    for member in root.members[:1]:
        indent = _indent_of(text, member.start)
        if indent:
            return indent
    return "  "


def _inline(text: str, node: Node) -> bool:
    first = node.members[0].start if node.members else node.end
    return not re.search(r"[\r\n]", text[node.start : first])


def _dump(text: str, root: Node, value: JsonValue, at: int, *, inline: bool) -> str:
    if inline:
        return _json(value, None)
    lines = _json(value, _unit(text, root))
    return lines.replace("\n", _newline(text) + _line_indent(text, at))


def _json(value: JsonValue, indent: str | None) -> str:
    dumped = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    # A lone surrogate can stand in a file only as an escape.
    return json.dumps(value, indent=indent) if re.search("[\ud800-\udfff]", dumped) else dumped


def _new_document(text: str, value: JsonValue) -> str:
    nl = _newline(text)
    if not text.strip(BOM + _SPACE):
        lead = text.rstrip(_SPACE)
    else:
        lead = text if text.endswith(("\n", "\r")) else text + nl
    return lead + _json(value, "  ").replace("\n", nl) + nl


def _insert(text: str, root: Node, node: Node, key: str | None, value: JsonValue) -> str:
    """Add a member behind the last one of an object, or an item of an array (no key)."""
    name = "" if key is None else json.dumps(key, ensure_ascii=False) + ": "
    if not node.members:
        return _insert_first(text, root, node, name, value)
    last = node.members[-1]
    trailing = last.comma is not None
    behind = last.value.end if last.comma is None else last.comma + 1
    short = name + _json(value, None)
    if _inline(text, node) and len(short) <= INLINE_LENGTH:
        added = " " + short + ("," if trailing else "")
        return text[:behind] + ("" if trailing else ",") + added + text[behind:]
    comment = _REST_OF_LINE.match(text, behind)
    end = comment.end() if comment else behind
    indent = _member_indent(text, root, node)
    body = _json(value, _unit(text, root)).replace("\n", _newline(text) + indent)
    added = _newline(text) + indent + name + body + ("," if trailing else "")
    return text[:behind] + ("" if trailing else ",") + text[behind:end] + added + text[end:]


def _member_indent(text: str, root: Node, node: Node) -> str:
    for member in reversed(node.members):
        indent = _indent_of(text, member.start)
        if indent is not None:
            return indent
    return _line_indent(text, node.start) + _unit(text, root)


def _insert_first(text: str, root: Node, node: Node, name: str, value: JsonValue) -> str:
    inner = text[node.start + 1 : node.end - 1]
    nl, outer = _newline(text), _line_indent(text, node.start)
    indent = outer + _unit(text, root)
    body = name + _json(value, _unit(text, root)).replace("\n", nl + indent)
    kept = inner.rstrip(" \t\r\n")
    return text[: node.start + 1] + kept + nl + indent + body + nl + outer + text[node.end - 1 :]


def _remove(text: str, node: Node, index: int) -> str:
    member = node.members[index]
    before = node.members[index - 1] if index else None
    start, end, size = member.start, member.value.end, len(text)
    if member.comma is not None:
        text = text[: member.comma] + text[member.comma + 1 :]
    elif before is not None and before.comma is not None:
        text = text[: before.comma] + text[before.comma + 1 :]
        start, end = start - 1, end - 1
    gap = text[before.value.end if before else node.start : start]
    joins = index == len(node.members) - 1 and "//" not in gap
    start, end = _with_space(text, start, end, joins=joins)
    text = text[:start] + text[end:]
    closing = node.end - (size - len(text)) - 1
    if len(node.members) == 1 and not text[node.start + 1 : closing].strip(_SPACE):
        return text[: node.start + 1] + text[closing:]
    return text


def _with_space(text: str, start: int, end: int, *, joins: bool) -> tuple[int, int]:
    """Widen a span by the white space that goes with it: its whole line where nothing else stands there.

    What follows on the line keeps its line break, unless it `joins`: it could slip into a comment above.
    """
    lead = start
    while text[lead - 1] in " \t":
        lead -= 1
    if text[lead - 1] in "\r\n" and (joins or _LINE_ENDS.match(text, end)):
        return (lead - 2 if text[lead - 2 : lead] == "\r\n" else lead - 1), end
    if text[lead - 1] in "\r\n{[":
        while text[end : end + 1] in (" ", "\t"):
            end += 1
        return start, end
    return lead, end
