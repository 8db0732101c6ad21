"""YAML that remembers where each value stands, so that an error can name file, line and key."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from provision.errors import SiteError
from provision.foreign import printable

MAX_BYTES = 1_000_000


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
    missing="check the path given to --site",
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


def _child(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line, item
    return None


class _Loader(yaml.SafeLoader):
    """Says of a value that is not what its tag promises where it stands; PyYAML lets five errors through."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, IndexError, TypeError, OverflowError):
            kind = str(node.tag).rpartition(":")[2]
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value!r:.60} is no {kind}", node.start_mark
            ) from None


def _refuse_duplicates(path: str, root: yaml.Node) -> None:
    """Keys that stand twice in one mapping, and aliases that lead back into themselves."""
    done: set[int] = set()

    def walk(node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
        if node in above:
            raise SiteError(f"{path}:{node.start_mark.line + 1}: an alias leads back into itself")
        if id(node) in done:
            return
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if str(key.value) in seen:
                    raise SiteError(
                        f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands twice",
                        remedy="keep one of them",
                    )
                seen.add(str(key.value))
                walk(value, (*above, node))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item, (*above, node))
        done.add(id(node))

    walk(root, ())


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
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else f"{shown}:1"
        raise SiteError(f"{where}: not valid YAML: {printable(str(error.problem))}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SiteError(f"{shown}:1: not valid YAML: {printable(' '.join(str(error).split()))}") from None
    if root is None or data is None:
        raise SiteError(f"{shown}:1: the file is empty", remedy=words.empty)
    _refuse_duplicates(shown, root)
    if not isinstance(data, dict):
        raise SiteError(
            f"{shown}:{root.start_mark.line + 1}: the top must be a mapping, not a {type(data).__name__}",
            remedy=words.begins,
        )
    return YamlDocument(shown, data, root, words)


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> Iterable[str]:
    """Valid keys of the model that the location's parent is."""
    annotation: Any = model
    for step in location[:-1]:
        annotation = _below(annotation, step)
    current = _model_in(annotation)
    return () if current is None else [f.alias or n for n, f in current.model_fields.items()]


def _below(annotation: Any, step: int | str) -> Any:
    """The type of what stands at a key or a number of a value of that type; None where that is unknown."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return next((f.annotation for n, f in fields if step in (n, f.alias)), None)
    parts = get_args(annotation)
    if get_origin(annotation) in (dict, Mapping):
        return parts[1]
    if get_origin(annotation) in (tuple, list):
        return parts[0]
    return next((found for part in parts if (found := _below(part, step)) is not None), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def complaints(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Pydantic's complaints, each at the place that a person wrote.

    A list whose items are all wrong counts as too short as well; that is no second complaint.
    """
    items: list[dict[str, Any]] = [
        dict(item) for item in error.errors(include_url=False, include_input=False)
    ]
    places = [item["loc"] for item in items]
    for item, place in zip(items, places, strict=True):
        depth = len(place)
        if item["type"] == "too_short" and any(
            other[:depth] == place and len(other) > depth for other in places
        ):
            continue
        if place[-1:] == ("[key]",) and item["type"] != "extra_forbidden":  # pydantic's mark of a wrong key
            item["loc"] = place[:-1]
        yield item


def sentence(error: Mapping[str, Any], model: type[BaseModel], forms: Mapping[str, str]) -> str:
    """One complaint of pydantic's in a person's words, on one line; forms says what patterns mean."""
    return printable(_sentence(error, model, forms))


def _sentence(error: Mapping[str, Any], model: type[BaseModel], forms: Mapping[str, str]) -> str:
    location = error["loc"]
    key = ".".join(str(step) for step in location) or "(top)"
    if error["type"] == "extra_forbidden":
        valid = list(_fields_at(model, location))
        near = difflib.get_close_matches(str(location[-1]), valid, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"valid here: {', '.join(valid)}"
        return f"{key}: unknown key; {hint}"
    if error["type"] == "missing":
        return f"{key}: is required"
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] in forms:
        return f"{key}: is not {forms[error['ctx']['pattern']]}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}"


def validation_error(
    document: YamlDocument, error: ValidationError, model: type[BaseModel], forms: Mapping[str, str]
) -> SiteError:
    """All of pydantic's complaints, each with file and line."""
    lines = dict.fromkeys(
        f"{document.shown}:{document.line(item['loc'])}: {sentence(item, model, forms)}"
        for item in complaints(error)
    )
    return SiteError("\n".join(lines), remedy=document.words.schema)
