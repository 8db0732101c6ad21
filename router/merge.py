"""Merges what we want into a user's file by three-way rules. Pure.

What we wrote last, and what stood there before, is the memory. Our providers' settings are always set; a
default is set only while the user chose nothing else; what is no longer wanted goes, and what stood there
before us comes back. Everything else in the file keeps its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from router.endpoint import Frozen
from router.jsonc import load, require_object
from router.jsonc_edit import add_item, delete_path, get_path, remove_item, same, set_path
from router.mask import masked, shown
from router.naming import Naming, name_providers
from router.opencode import RouterSettings, Setting
from router.plugins import is_of, spec_of
from router.remarks import remarks
from router.tree import Path, among, leaves, put


class Written(Frozen):
    """One value we wrote, and what stood there before us."""

    path: Path
    value: JsonValue
    policy: Literal["own", "offer", "fill", "member"] = "own"
    had_prior: bool = False
    prior: JsonValue = None
    aside: tuple[JsonValue, ...] = ()
    """Items that gave way to a member."""


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
    """Name the providers as this file wants them, and merge; `elsewhere` are ids that other files use.

    Merging again changes no byte. Raises JsoncError on a broken text.
    """
    naming = named(text, desired, memory, elsewhere)
    merged = merge_named(text, naming.settings, memory)
    said = remarks(load(merged.text), naming.settings, owned_ids(memory))
    return merged.model_copy(update={"ids": naming.ids, "kept": (*naming.said, *merged.kept, *said)})


def recall(text: str | None, desired: RouterSettings) -> Memory:
    """Return the memory of a text that we wrote to, where it was lost: what equals ours was ours."""
    text = text or ""
    written = []
    for one in desired.settings:
        there, value = get_path(text, one.path)
        items = value if isinstance(value, list) else []
        if among(one.value, items) if one.policy == "member" else there and same(value, one.value):
            written.append(Written(path=one.path, value=one.value, policy=one.policy))
    above = {one.path[:depth] for one in written for depth in range(1, len(one.path))}
    arrays = {one.path for one in written if one.policy == "member"}
    return Memory(written=tuple(written), created=tuple(sorted(above | arrays)))


def named(
    text: str | None, desired: RouterSettings, memory: Memory | None, elsewhere: Collection[str] = ()
) -> Naming:
    """Return the settings with provider ids that are free, or ours already, in this file."""
    require_object(text or "")
    owned = {} if text is None else owned_ids(memory)
    return name_providers(get_path(text or "", ("provider",))[1], desired, owned, elsewhere)


def merge_named(text: str | None, desired: RouterSettings, memory: Memory | None) -> Merge:
    """Return the file as it should be, with the settings as they are named."""
    memory = Memory() if memory is None or text is None else memory
    require_object(text or "")
    text, kept = _forget(text or "", memory, desired.settings)
    old = {w.path: w for w in memory.written if w.policy != "member"}
    written: list[Written] = []
    created = [path for path in memory.created if get_path(text, path)[0]]
    base = text
    for setting in [one for one in desired.settings if one.policy != "member"]:
        blocked = _blocked(base, setting)
        if blocked is not None:
            kept += blocked
            continue
        there, value = get_path(base, setting.path)
        before = old.get(setting.path)
        if setting.policy == "offer" and there and not same(value, setting.value):
            mine = before is not None and same(value, before.value)
            if not mine:
                kept.append(_kept(setting, value))
                continue
        if setting.policy == "fill" and there and not (before is not None and same(value, before.value)):
            continue
        if setting.policy == "offer" and there and before is None:
            continue  # the user's own choice, and ours too
        missing = list(_missing(base, setting.path))
        created += missing
        if missing and not get_path(text, missing[0])[0]:
            text = set_path(text, missing[0], _together(desired.settings, missing[0]))
        text = _lay(text, setting.path, setting.value, None if before is None else before.value)
        written.append(_remember(setting, before, there=there, value=value))
    members = [setting for setting in desired.settings if setting.policy == "member"]
    text, items, aside = _with_members(text, members, memory, created)
    return Merge(
        text=text,
        memory=Memory(written=(*written, *items), created=tuple(dict.fromkeys(created))),
        desired=desired,
        kept=tuple(dict.fromkeys((*kept, *aside))),
    )


def _remember(setting: Setting, before: Written | None, *, there: bool, value: JsonValue) -> Written:
    if before is not None:
        return before.model_copy(update={"value": setting.value})
    policy = setting.policy
    # A whole model entry equal to ours is ours, from a memory that was lost; one equal value may be a user's.
    ours = there and isinstance(value, dict) and same(value, setting.value)
    if not there or ours:
        return Written(path=setting.path, value=setting.value, policy=policy)
    return Written(path=setting.path, value=setting.value, policy=policy, had_prior=True, prior=value)


def _forget(text: str, memory: Memory, settings: Sequence[Setting]) -> tuple[str, list[str]]:
    """Take out what we wrote and want no longer; a default that the user changed since stays.

    In an object only our keys go; that the user's stay is said.
    """
    wanted = {s.path for s in settings if s.policy != "member"}
    kept: list[str] = []
    for one in reversed(memory.written):
        if one.policy == "member":
            if not any(
                s.policy == "member" and s.path == one.path and same(s.value, one.value) for s in settings
            ):
                text = remove_item(text, one.path, one.value)
                for item in one.aside:
                    text = add_item(text, one.path, item)
            continue
        if one.path in wanted:
            continue
        there, value = get_path(text, one.path)
        if not there or (one.policy in ("offer", "fill") and not same(value, one.value)):
            continue
        text = _lift(text, one.path, one.value, had_prior=one.had_prior, prior=one.prior)
        if isinstance(value, dict) and not {*leaves((), value)} <= {
            *leaves((), one.value),
            *leaves((), one.prior),
        }:
            kept.append(f"{'.'.join(one.path)} stays with what its user gave it; ours in it goes")
    paths = {s.path for s in settings}
    for path in sorted(memory.created, key=len, reverse=True):
        empty = get_path(text, path) in ((True, {}), (True, []))
        if empty and not any(w[: len(path)] == path for w in paths):
            text = delete_path(text, path)
    return text, kept


def _lift(text: str, path: Path, ours: JsonValue, *, had_prior: bool, prior: JsonValue) -> str:
    """Take our value out; what stood there before comes back, and what the user put into an object stays."""
    there, current = get_path(text, path)
    if not there:
        return text
    before = prior if had_prior else {}
    if (
        isinstance(current, dict)
        and isinstance(ours, dict)
        and isinstance(before, dict)
        and not same(current, ours)
    ):
        for key, inner in ours.items():
            text = _lift(text, (*path, key), inner, had_prior=key in before, prior=before.get(key))
        empty = get_path(text, path)[1] == {}
        return delete_path(text, path) if empty and not had_prior else text
    return set_path(text, path, prior) if had_prior else delete_path(text, path)


def owned_ids(memory: Memory | None) -> dict[str, JsonValue]:
    """Return the provider ids that we wrote, each with its label."""
    written = memory.written if memory is not None else ()
    return {
        one.path[1]: one.value for one in written if one.path[0] == "provider" and one.path[2:] == ("name",)
    }


def _with_members(
    text: str, members: Sequence[Setting], memory: Memory, created: list[Path]
) -> tuple[str, list[Written], list[str]]:
    """Put our items into their arrays; an item that the user put there first stays the user's.

    Another copy of the same package gives way, and that is said.
    """
    written, said = [], []
    ours = [one for one in memory.written if one.policy == "member"]
    for setting in members:
        there, value = get_path(text, setting.path)
        items = value if isinstance(value, list) else []
        before = [one for one in ours if one.path == setting.path and same(one.value, setting.value)]
        if among(setting.value, items) and not before:
            continue
        copies = [one for one in items if is_of(one, setting.packages) and not same(one, setting.value)]
        for item in copies:
            text = remove_item(text, setting.path, item)
            said.append(
                f"{'.'.join(setting.path)} names {shown(spec_of(item))}: "
                "it gives way to our copy, and comes back when ours goes"
            )
        created += [*_missing(text, setting.path), *(() if there else (setting.path,))]
        text = add_item(text, setting.path, setting.value)
        aside = (*(item for one in before for item in one.aside), *copies)
        written.append(Written(path=setting.path, value=setting.value, policy="member", aside=aside))
    return text, written, said


def _blocked(text: str, setting: Setting) -> list[str] | None:
    """Say what stands where a default's object would be, as in `"permission": "allow"`; None where it fits.

    That is the user's own choice for all below it. In the way of what is ours it is an error.
    """
    if setting.policy not in ("offer", "fill"):
        return None
    for depth in range(1, len(setting.path)):
        above = setting.path[:depth]
        there, value = get_path(text, above)
        if there and not isinstance(value, dict):
            said = f"{_stays(above, value)}; the site's defaults below it are not set"
            return [said] if setting.policy == "offer" else []
    return None


def _kept(setting: Setting, value: JsonValue) -> str:
    wanted = json.dumps(setting.value, ensure_ascii=False)
    return f"{_stays(setting.path, value)}; the site's default is {wanted}"


def _stays(path: Path, value: JsonValue) -> str:
    return f"{'.'.join(path)} stays {json.dumps(masked(path, value), ensure_ascii=False)}"


def _missing(text: str, path: Path) -> Iterator[Path]:
    for depth in range(1, len(path)):
        if not get_path(text, path[:depth])[0]:
            yield path[:depth]


def _together(settings: Sequence[Setting], prefix: Path) -> JsonValue:
    """Return all that goes below a path that is not there yet, so that it is written at once."""
    tree: dict[str, JsonValue] = {}
    for setting in settings:
        if setting.path[: len(prefix)] == prefix and setting.policy != "member":
            put(tree, setting.path[len(prefix) :], setting.value)
    return tree


def _lay(text: str, path: Path, value: JsonValue, before: JsonValue) -> str:
    """Set a value; inside an object that is there already only our keys, so that the user's stay.

    What we wrote `before` and want no longer goes. An object that is ours alone is then written anew: its
    order may mean something.
    """
    there, current = get_path(text, path)
    if there and same(current, value):
        return text
    if not (there and isinstance(value, dict) and isinstance(current, dict)):
        return set_path(text, path, value)
    ours = before if isinstance(before, dict) else {}
    gone = [key for key in ours if key not in value]
    if gone and same(current, before):
        return set_path(text, path, value)
    for key in gone:
        if key in current and same(current[key], ours[key]):
            text = delete_path(text, (*path, key))
    for key, inner in value.items():
        text = _lay(text, (*path, key), inner, ours.get(key))
    return text
