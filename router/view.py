"""Shows the part of a user's file that is ours, and how it changes: no foreign value, no secret. Pure."""

from __future__ import annotations

import difflib
import json

from pydantic import JsonValue

from router.jsonc_edit import get_path
from router.mask import HIDDEN, masked
from router.merge import Memory
from router.opencode import RouterSettings
from router.tree import Path, among, leaves, put


def owned_view(text: str | None, memory: Memory | None, desired: RouterSettings) -> str:
    """Return pretty JSON of what is ours in the text: never a foreign key, never a secret."""
    before = memory.written if memory is not None else ()
    plain = [s for s in desired.settings if s.policy != "member"]
    ours: dict[Path, JsonValue] = {s.path: s.value for s in plain}
    for one in before:
        if one.policy != "member":
            ours.setdefault(one.path, one.value)
    shown: dict[str, JsonValue] = {}
    items = [(s.path, s.value) for s in desired.settings if s.policy == "member"]
    items += [(w.path, w.value) for w in before if w.policy == "member"]
    for path in dict.fromkeys(path for path, _ in items):
        current = get_path(text or "", path)[1]
        wanted = [item for where, item in items if where == path]
        held = [one for one in (current if isinstance(current, list) else []) if among(one, wanted)]
        if held:
            put(shown, path, [masked(path, one) for one in held])
    for path, value in ours.items():
        for leaf in leaves(path, value):
            there, current = get_path(text or "", leaf)
            if there:
                foreign = isinstance(current, dict | list)
                put(shown, leaf, HIDDEN if foreign else masked(leaf, current))
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def diff(before: str, after: str, name: str = "opencode.json") -> str:
    """Return the unified diff of two owned views; empty where they are equal."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{name} (now)", f"{name} (after)"
    )
    return "".join(lines)
