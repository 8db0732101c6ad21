"""Merges what we want into a user's file by three-way rules, and shows the part that is ours. Pure.

What we wrote last, and what stood there before, is the memory. Our providers' settings are always set; a
default is set only while the user chose nothing else; what is no longer wanted goes, and what stood there
before us comes back. Everything else in the file keeps its bytes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from router.endpoint import Frozen
from router.jsonc import load, require_object
from router.jsonc_edit import delete_path, get_path, same, set_path
from router.mask import HIDDEN, masked
from router.naming import name_providers
from router.opencode import RouterSettings, Setting, remarks

Path = tuple[str, ...]


class Written(Frozen):
    """One value we wrote, and what stood there before us."""

    path: Path
    value: JsonValue
    policy: Literal["own", "offer"] = "own"
    had_prior: bool = False
    prior: JsonValue = None


class Memory(Frozen):
    """What we wrote into one file; `created` are the objects that we had to make on the way."""

    written: tuple[Written, ...] = ()
    created: tuple[Path, ...] = ()


class Merge(Frozen):
    """The new text, the new memory, and what of the user's was kept against our wish, in sentences."""

    text: str
    memory: Memory
    desired: RouterSettings
    """As it is in this file."""
    ids: Mapping[str, str] = {}
    """This file's provider ids, by the ids that were asked for."""
    kept: tuple[str, ...] = ()


def merge(
    text: str | None, desired: RouterSettings, memory: Memory | None, elsewhere: Collection[str] = ()
) -> Merge:
    """Return the file as it should be; merging again changes no byte. Raises JsoncError on a broken text.

    `elsewhere` are provider ids that the user's other files use.
    """
    memory = Memory() if memory is None or text is None else memory
    require_object(text or "")
    owned = {one.path[1]: one.value for one in memory.written if one.path[2:] == ("name",)}
    naming = name_providers(get_path(text or "", ("provider",))[1], desired, owned, elsewhere)
    desired = naming.settings
    text = _forget(text or "", memory, {s.path for s in desired.settings})
    old = {w.path: w for w in memory.written}
    written: list[Written] = []
    created = [path for path in memory.created if get_path(text, path)[0]]
    kept: list[str] = []
    base = text
    for setting in desired.settings:
        there, value = get_path(base, setting.path)
        before = old.get(setting.path)
        if setting.policy == "offer" and there and not same(value, setting.value):
            mine = before is not None and same(value, before.value)
            if not mine:
                kept.append(_kept(setting, value))
                continue
        if setting.policy == "fill":
            text = text if there else set_path(text, setting.path, setting.value)
            continue
        if setting.policy == "offer" and there and before is None:
            continue  # the user's own choice, and ours too
        missing = list(_missing(base, setting.path))
        created += missing
        if missing and not get_path(text, missing[0])[0]:
            text = set_path(text, missing[0], _together(desired.settings, missing[0]))
        text = _lay(text, setting.path, setting.value)
        written.append(_remember(setting, before, there=there, value=value))
    return Merge(
        text=text,
        memory=Memory(written=tuple(written), created=tuple(dict.fromkeys(created))),
        desired=desired,
        ids=naming.ids,
        kept=(*naming.said, *kept, *remarks(load(text), desired, owned)),
    )


def owned_view(text: str | None, memory: Memory | None, desired: RouterSettings) -> str:
    """Return pretty JSON of what is ours in the text: never a foreign key, never a secret."""
    ours: dict[Path, JsonValue] = {s.path: s.value for s in desired.settings}
    for one in memory.written if memory is not None else ():
        ours.setdefault(one.path, one.value)
    shown: dict[str, JsonValue] = {}
    for path, value in ours.items():
        for leaf in _leaves(path, value):
            there, current = get_path(text or "", leaf)
            if there:
                foreign = isinstance(current, dict | list)
                _put(shown, leaf, HIDDEN if foreign else masked(leaf, current))
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def diff(before: str, after: str, name: str = "opencode.json") -> str:
    """Return the unified diff of two owned views; empty where they are equal."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{name} (now)", f"{name} (after)"
    )
    return "".join(lines)


def _remember(setting: Setting, before: Written | None, *, there: bool, value: JsonValue) -> Written:
    if before is not None:
        return before.model_copy(update={"value": setting.value})
    policy = "offer" if setting.policy == "offer" else "own"
    # A whole model entry equal to ours is ours, from a memory that was lost; one equal value may be a user's.
    ours = there and isinstance(value, dict) and same(value, setting.value)
    if not there or ours:
        return Written(path=setting.path, value=setting.value, policy=policy)
    return Written(path=setting.path, value=setting.value, policy=policy, had_prior=True, prior=value)


def _forget(text: str, memory: Memory, wanted: set[Path]) -> str:
    """Take out what we wrote and want no longer; a default that the user changed since stays."""
    for one in reversed(memory.written):
        if one.path in wanted:
            continue
        there, value = get_path(text, one.path)
        if not there or (one.policy == "offer" and not same(value, one.value)):
            continue
        text = set_path(text, one.path, one.prior) if one.had_prior else delete_path(text, one.path)
    for path in sorted(memory.created, key=len, reverse=True):
        if get_path(text, path) == (True, {}) and not any(w[: len(path)] == path for w in wanted):
            text = delete_path(text, path)
    return text


def _kept(setting: Setting, value: JsonValue) -> str:
    name = ".".join(setting.path)
    said = json.dumps(masked(setting.path, value), ensure_ascii=False)
    return f"{name} stays {said}; the site's default is {json.dumps(setting.value, ensure_ascii=False)}"


def _missing(text: str, path: Path) -> Iterator[Path]:
    for depth in range(1, len(path)):
        if not get_path(text, path[:depth])[0]:
            yield path[:depth]


def _together(settings: Sequence[Setting], prefix: Path) -> JsonValue:
    """Return all that goes below a path that is not there yet, so that it is written at once."""
    tree: dict[str, JsonValue] = {}
    for setting in settings:
        if setting.path[: len(prefix)] == prefix:
            _put(tree, setting.path[len(prefix) :], setting.value)
    return tree


def _lay(text: str, path: Path, value: JsonValue) -> str:
    """Set a value; inside an object that is there already only our keys, so that the user's stay."""
    there, current = get_path(text, path)
    if there and same(current, value):
        return text
    if not (there and isinstance(value, dict) and isinstance(current, dict)):
        return set_path(text, path, value)
    for key, inner in value.items():
        text = _lay(text, (*path, key), inner)
    return text


def _put(tree: dict[str, JsonValue], path: Path, value: JsonValue) -> None:
    for key in path[:-1]:
        inner = tree.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree[path[-1]] = value


def _leaves(path: Path, value: JsonValue) -> Sequence[Path]:
    if not isinstance(value, dict):
        return [path]
    return [leaf for key, inner in value.items() for leaf in _leaves((*path, key), inner)]
