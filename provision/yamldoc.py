"""YAML that remembers where each value stands, so that an error can name file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from provision.errors import SiteError

MAX_BYTES = 1_000_000


class YamlDocument:
    """One parsed file: its plain data and the line of every node."""

    def __init__(self, path: Path, data: Any, root: yaml.Node) -> None:
        self.path = path
        self.data = data
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


def _refuse_duplicates(path: Path, root: yaml.Node) -> None:
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


def read_yaml(path: Path) -> YamlDocument:
    """Read one YAML mapping; SiteError names file and line of whatever is wrong."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SiteError(f"{path}: there is no such file", remedy="check the path given to --site") from None
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise SiteError(f"{path}:1: {len(raw)} bytes is no site file (at most {MAX_BYTES})")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SiteError(
            f"{path}:{line}: not a text file (byte {error.start} is not UTF-8)",
            remedy="a site file is YAML; see `astraeus-provision site schema`",
        ) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{path}:1"
        raise SiteError(f"{where}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SiteError(f"{path}:1: not valid YAML: {error}") from None
    if root is None or data is None:
        raise SiteError(f"{path}:1: the file is empty", remedy="a site needs at least `hosts:` with one name")
    _refuse_duplicates(path, root)
    if not isinstance(data, dict):
        raise SiteError(
            f"{path}:{root.start_mark.line + 1}: the top must be a mapping, not a {type(data).__name__}",
            remedy="begin with `hosts:`",
        )
    return YamlDocument(path, data, root)


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> Iterable[str]:
    """Valid keys of the model that the location's parent is."""
    current: type[BaseModel] | None = model
    for step in location[:-1]:
        if isinstance(step, int) or current is None:
            continue
        field = next((f for n, f in current.model_fields.items() if step in (n, f.alias)), None)
        current = None if field is None else _model_in(field.annotation)
    return () if current is None else [f.alias or n for n, f in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def sentence(error: Mapping[str, Any], model: type[BaseModel], forms: Mapping[str, str]) -> str:
    """One complaint of pydantic's in a person's words; forms says what patterns mean."""
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
    lines: dict[str, None] = {}
    for item in error.errors(include_url=False, include_input=False):
        location = tuple(step for step in item["loc"] if isinstance(step, int) or "[" not in step)
        text = sentence({**item, "loc": location}, model, forms)
        lines[f"{document.path}:{document.line(location)}: {text}"] = None
    first, *rest = lines
    return SiteError("\n".join([first, *rest]), remedy="`astraeus-provision site schema` describes every key")
