"""Reads JSON and JSONC into a tree that knows where every piece stands in the text; changes nothing."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from pydantic import JsonValue

MAX_DEPTH = 200
"""Deeper than any configuration; it keeps every recursive reader of the tree off Python's own limit."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)
      | (?P<string>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")
      | (?P<literal>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.a-zA-Z])
                  | (?:true|false|null)(?![0-9a-zA-Z_]))
      | (?P<mark>[][{}:,])""",
    re.VERBOSE | re.DOTALL,
)
BOM = "\ufeff"


class JsoncError(ValueError):
    """The text is not JSONC, or has another shape than asked for."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column
        self.message = message


@dataclass(slots=True)
class Member:
    """One `"key": value` of an object, or one item of an array (key is None)."""

    key: str | None
    start: int
    value: Node
    comma: int | None = None
    """Where the comma behind it stands, if one does."""


@dataclass(slots=True)
class Node:
    """One value: text[start:end]."""

    kind: Literal["object", "array", "scalar"]
    start: int
    end: int = -1
    scalar: JsonValue = None
    members: list[Member] = field(default_factory=list)

    def find(self, key: str) -> Node | None:
        """Return the value of a key; the last of duplicates wins, as in every JSON reader."""
        for member in reversed(self.members):
            if member.key == key:
                return member.value
        return None


def place(text: str, at: int, message: str) -> JsoncError:
    """Turn an offset into an error that names line and column, both counted from 1."""
    starts = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", text))]
    line = bisect_right(starts, at)
    return JsoncError(line, at - starts[line - 1] + 1, message)


@lru_cache(maxsize=2)
def parse(text: str) -> Node | None:
    """Return the root, or None where the text holds nothing but space and comments.

    An edit asks for many paths of one text; the tree is never written to.
    """
    return _Parser(text).run()


def require_object(text: str) -> None:
    """Raise JsoncError unless the text is an object, or holds nothing yet."""
    root = parse(text)
    if root is not None and root.kind != "object":
        raise place(text, root.start, "the file holds no object at its top")


def load(text: str) -> JsonValue:
    """Return the plain value; an empty text is an empty object."""
    root = parse(text)
    return {} if root is None else plain(root)


def plain(node: Node) -> JsonValue:
    """Return a node as dicts, lists and scalars."""
    if node.kind == "object":
        return {str(member.key): plain(member.value) for member in node.members}
    if node.kind == "array":
        return [plain(member.value) for member in node.members]
    return node.scalar


def unquoted(word: str) -> str:
    """Return what a string token says; one without escapes needs no decoder."""
    return word[1:-1] if "\\" not in word else str(json.loads(word))


class _Parser:
    """One pass over the tokens with an explicit stack."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith(BOM) else 0

    def fail(self, message: str) -> JsoncError:
        return place(self.text, self.at, message)

    def next(self) -> tuple[str, str, int]:
        """Return (kind, text, start) of the next token; kind is `end` behind the last."""
        while True:
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                if self.at >= len(self.text):
                    return "end", "", self.at
                raise self.fail(self._stray())
            if match.lastgroup != "space":
                start, self.at = self.at, match.end()
                return str(match.lastgroup), match.group(), start
            self.at = match.end()

    def _stray(self) -> str:
        rest = self.text[self.at : self.at + 2]
        if rest == "/*":
            return "this comment is never closed"
        if rest[0] == '"':
            return "this string is not closed on its line, or holds a bad escape"
        return f"unexpected {rest[0]!r}"

    def scalar(self, word: str, start: int) -> Node:
        if word[0] == '"':
            return Node("scalar", start, start + len(word), unquoted(word))
        try:
            value: JsonValue = json.loads(word)
        except ValueError:
            value = float("inf")
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            self.at = start
            raise self.fail("this number is too large")
        return Node("scalar", start, start + len(word), value)

    def run(self) -> Node | None:
        kind, word, start = self.next()
        if kind == "end":
            return None
        root = self.value(kind, word, start)
        stack = [root] if root.kind != "scalar" else []
        while stack:
            self.step(stack)
        kind, word, start = self.next()
        if kind != "end":
            self.at = start
            raise self.fail(f"unexpected {word[:20]!r} after the end of the document")
        return root

    def value(self, kind: str, word: str, start: int) -> Node:
        if word == "{":
            return Node("object", start)
        if word == "[":
            return Node("array", start)
        if kind in ("string", "literal"):
            return self.scalar(word, start)
        self.at = start
        raise self.fail(
            "the file ends where a value should stand" if kind == "end" else "a value is missing here"
        )

    def step(self, stack: list[Node]) -> None:
        """Read one member of the innermost open container, or its end."""
        node = stack[-1]
        closing = "}" if node.kind == "object" else "]"
        kind, word, start = self.next()
        last = node.members[-1] if node.members else None
        if kind == "mark" and word == closing:
            node.end = self.at
            stack.pop()
            return
        if kind == "end":
            opened = place(self.text, node.start, "")
            where = f"line {opened.line}, column {opened.column}"
            raise self.fail(f"the file ends before the {closing!r} of the {node.kind} opened at {where}")
        if last is not None and last.comma is None:
            if word != ",":
                self.at = start
                raise self.fail(f"',' or {closing!r} is missing before {word[:20]!r}")
            last.comma = start
            return
        self.member(node, stack, kind, word, start)

    def member(self, node: Node, stack: list[Node], kind: str, word: str, start: int) -> None:
        key, key_start = None, start
        if node.kind == "object":
            if kind != "string":
                self.at = start
                raise self.fail(f"a key in double quotes is expected, not {word[:20]!r}")
            key = unquoted(word)
            kind, word, start = self.next()
            if word != ":":
                self.at = start
                raise self.fail(f"':' is missing after the key {key!r}")
            kind, word, start = self.next()
        value = self.value(kind, word, start)
        node.members.append(Member(key, key_start, value))
        if value.kind != "scalar":
            if len(stack) >= MAX_DEPTH:
                self.at = start
                raise self.fail(f"nested deeper than {MAX_DEPTH} levels")
            stack.append(value)
