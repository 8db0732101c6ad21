"""Plain nested objects by paths, as merging and showing need them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from router.jsonc_edit import same

Path = tuple[str, ...]


def put(tree: dict[str, JsonValue], path: Path, value: JsonValue) -> None:
    """Set a value deep in an object; where something else stands on the way, nothing is set."""
    for key in path[:-1]:
        inner = tree.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree[path[-1]] = value


def among(value: JsonValue, values: Sequence[JsonValue]) -> bool:
    """Whether an equal value is one of them."""
    return any(same(value, one) for one in values)


def leaves(path: Path, value: JsonValue) -> Sequence[Path]:
    """Return the paths of all single values below one."""
    if not isinstance(value, dict):
        return [path]
    return [leaf for key, inner in value.items() for leaf in leaves((*path, key), inner)]
