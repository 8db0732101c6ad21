"""YAML that remembers where each value stands, so that an error can name file, line and key."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from provision.errors import SiteError
from provision.foreign import printable

MAX_BYTES = 1_000_000
Place = tuple[int | str, ...]
"""Keys and indices from the top of a file."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""A file cannot have one, but a text in double quotes can escape it."""


@dataclass(frozen=True)
class Words:
    """What a kind of file is called in messages, and what to do about the usual mistakes."""

    noun: str
    missing: str
    empty: str
    begins: str
    schema: str


SITE = Words(
    noun="site file",
    missing="check its path; `astraeus-provision lan --host NAME --save FILE` writes one",
    empty="a site needs at least `hosts:` with one name",
    begins="begin with `hosts:`",
    schema="`astraeus-provision site schema` describes every key",
)


class MissingFileError(SiteError):
    """There is no such file."""


class YamlDocument:
    """One parsed file: its plain data and the line of every node."""

    def __init__(self, shown: str, data: Any, root: yaml.Node, words: Words) -> None:
        self.shown = shown
        """The path as messages name it."""
        self.data = data
        self.words = words
        self._root = root
        self.twins = tuple(_twins(shown, root))
        """Line and words of every key that stands twice in its mapping; the data has the last one."""
        self.empty = tuple(_empty(root, (), set()))
        """The place of every key that has no value, or a written null."""

    def line(self, location: Sequence[int | str]) -> int:
        """1-based line of the node at that path, or of its nearest ancestor."""
        node, line = self._root, self._root.start_mark.line
        for step in location:
            found = _child(node, step)
            if found is None:
                break
            key_line, node = found
            line = key_line
        return line + 1

    def written(self, location: Sequence[int | str]) -> str | None:
        """What stands there as it was typed; None where it is no single value."""
        node = self._root
        for step in location:
            found = _child(node, step)
            if found is None:
                return None
            node = found[1]
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def _child(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # of keys that stand twice the data has the last
            if key.value == str(step):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line, item
    return None


class _Loader(yaml.SafeLoader):
    """Says where a value stands that is no text, or not what its tag promises; PyYAML lets both through."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        lone = _SURROGATE.search(value)
        if lone:
            problem = f"U+{ord(lone[0]):04X} is half a character; write the whole one, as it is"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return value

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, IndexError, TypeError, OverflowError):
            kind = str(node.tag).rpartition(":")[2]
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value!r:.60} is no {kind}", node.start_mark
            ) from None


_INT = "tag:yaml.org,2002:int"
# YAML 1.1 reads 3:20:00 as 12000 and 010 as 8; here they stay texts, which no field for a number takes.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag != _INT]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))


def _twins(path: str, root: yaml.Node) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in one mapping; SiteError for an alias that leads back into itself."""
    done: set[int] = set()

    def walk(node: yaml.Node, above: tuple[yaml.Node, ...]) -> Iterator[tuple[int, str]]:
        if node in above:
            raise SiteError(f"{path}:{node.start_mark.line + 1}: an alias leads back into itself")
        if id(node) in done:
            return
        if isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in first:
                    told = f"the key {name!r} stands twice (first on line {first[name]}); keep one of them"
                    yield line, told
                first.setdefault(name, line)
                yield from walk(value, (*above, node))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from walk(item, (*above, node))
        done.add(id(node))

    yield from walk(root, ())


def _empty(node: yaml.Node, place: Place, done: set[int]) -> Iterator[Place]:
    if id(node) in done:  # an alias; it was told where it stands first
        return
    done.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            if value.tag == "tag:yaml.org,2002:null":
                yield below
            yield from _empty(value, below, done)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _empty(item, (*place, index), done)


def _content(path: Path, shown: str, words: Words) -> bytes:
    """A plain file's bytes; a device could go on for ever."""
    try:
        # Not to wait for a pipe's other end, nor to be a terminal's session.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        kind = os.fstat(handle).st_mode
        if not stat.S_ISREG(kind):
            os.close(handle)
            what = "a folder" if stat.S_ISDIR(kind) else "no plain file"
            raise SiteError(f"{shown}: is {what}", remedy=f"name a {words.noun}")
        with os.fdopen(handle, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(f"{shown}: there is no such file", remedy=words.missing) from None
    except OSError as error:
        raise SiteError(
            f"{shown}: cannot be read: {error.strerror}", remedy="let this user read it"
        ) from None
    if len(raw) > MAX_BYTES:
        raise SiteError(f"{shown}:1: it is no {words.noun}: it has more than {MAX_BYTES} bytes")
    return raw


def read_yaml(path: Path, words: Words = SITE) -> YamlDocument:
    """Read one YAML mapping; SiteError names file and line of whatever is wrong."""
    shown = printable(str(path))
    raw = _content(path, shown, words)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SiteError(
            f"{shown}:{line}: not a text file (byte {error.start} is not UTF-8)",
            remedy=f"a {words.noun} is YAML: {words.schema}",
        ) from None
    try:
        root = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else f"{shown}:1"
        raise SiteError(f"{where}: not valid YAML: {printable(str(error.problem))}") from None
    except RecursionError:
        raise SiteError(f"{shown}:1: nested too deeply: lists in lists, or keys below keys") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SiteError(f"{shown}:1: not valid YAML: {printable(' '.join(str(error).split()))}") from None
    if root is None or data is None:
        raise SiteError(f"{shown}:1: the file is empty", remedy=words.empty)
    document = YamlDocument(shown, data, root, words)
    if not isinstance(data, dict):
        raise SiteError(
            f"{shown}:{root.start_mark.line + 1}: the top must be a mapping, not a {type(data).__name__}",
            remedy=words.begins,
        )
    return document
