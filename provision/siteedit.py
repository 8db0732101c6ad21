"""A site file with one workstation more or less; every other byte, comments too, stays. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

KEY = "workstations"


class UneditableError(ValueError):
    """The list is written in a way that is not for a program to change."""


def with_workstation(text: str, entry: Mapping[str, Any], before: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the file with a workstation at the end of its list.

    Args:
        text: A valid site file.
        entry: The workstation, as the site has it.
        before: What the list begins with where the file has none yet.

    Raises:
        UneditableError: The list cannot be told apart from what stands around it.
    """
    return _checked(text, _added(text, entry, before), lambda there: [*(there or before), entry])


def _added(text: str, entry: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> str:
    eol = _eol(text)
    key, value = _list(text)
    if key is None:
        joint = "" if not text or text.endswith("\n") else eol
        return f"{text}{joint}{eol}{KEY}:{eol}{_block([*before, entry], 2, eol)}"
    if not isinstance(value, yaml.SequenceNode):
        raise UneditableError("its workstations are no list")
    items = value.value
    if value.flow_style:
        last = items[-1].end_mark.index if items else value.start_mark.index + 1
        return f"{text[:last]}{', ' if items else ''}{_flow(entry)}{text[last:]}"
    at = _line_end(text, _end(items[-1]))
    joint = "" if text[:at].endswith("\n") else eol
    column = value.start_mark.column
    return f"{text[:at]}{joint}{_block([entry], column, eol)}{text[at:]}"


def without_workstation(text: str, name: str) -> str:
    """Return the file without that workstation.

    Raises:
        UneditableError: It does not stand in the list by that name.
    """
    return _checked(
        text, _taken_out(text, name), lambda there: [one for one in there or [] if one["name"] != name]
    )


def _checked(before: str, after: str, wanted: Callable[[Any], list[Any]]) -> str:
    """Return the new text, if it says what it should and nothing else."""
    try:
        old, new = yaml.safe_load(before), yaml.safe_load(after)
    except yaml.YAMLError:
        new = old = None
    if not isinstance(new, dict) or {**old, KEY: wanted(old.get(KEY))} != new:
        raise UneditableError("its list of workstations is written in an unusual way")
    return after


def _taken_out(text: str, name: str) -> str:
    key, value = _list(text)
    items = (_items(value) or []) if key is not None else []
    at = next((number for number, item in enumerate(items) if _name(item) == name), None)
    if key is None or at is None:
        raise UneditableError(f"{name} does not stand in its list of workstations")
    item = items[at]
    if isinstance(value, yaml.CollectionNode) and value.flow_style:
        start, end = item.start_mark.index, item.end_mark.index
        if at + 1 < len(items):
            end = items[at + 1].start_mark.index
        elif at:
            start = items[at - 1].end_mark.index
        return text[:start] + text[end:]
    start = text.rfind("\n", 0, _dash(text, item)) + 1
    end = _line_end(text, _end(item))
    if len(items) > 1:
        return text[:start] + text[end:]
    colon = text.index(":", key.end_mark.index) + 1
    return f"{text[:colon]} []{text[colon:start]}{text[end:]}"


def _list(text: str) -> tuple[yaml.Node | None, yaml.Node]:
    """The key and its value; no key where the file has none."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise UneditableError("it has no keys")
    for key, value in root.value:
        if key.value == KEY:
            if value.start_mark.index < key.end_mark.index:
                raise UneditableError("its list of workstations is an alias of another one")
            return key, value
    return None, root


def _items(value: yaml.Node) -> list[yaml.Node] | None:
    return list(value.value) if isinstance(value, yaml.SequenceNode) else None


def _name(item: yaml.Node) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "name"), None)


def _end(node: yaml.Node) -> int:
    """Where its last word ends; a block's own end would take in the comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _dash(text: str, item: yaml.Node) -> int:
    """Where the `-` of an item in a block stands; comments may lie between the two."""
    before = text[: item.start_mark.index]
    start = before.rfind("\n") + 1
    while "-" not in before[start:].partition("#")[0]:
        start = before.rfind("\n", 0, start - 1) + 1
        if start == 0:
            break
    return before.index("-", start)


def _block(entries: list[Mapping[str, Any]], column: int, eol: str) -> str:
    plain = yaml.safe_dump([dict(one) for one in entries], sort_keys=False, allow_unicode=True, width=110)
    return "".join(f"{' ' * column}{line}{eol}" for line in plain.splitlines())


def _flow(entry: Mapping[str, Any]) -> str:
    plain = yaml.safe_dump(
        dict(entry), sort_keys=False, allow_unicode=True, default_flow_style=True, width=10_000
    )
    return str(plain).strip()


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
