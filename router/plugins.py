"""Entries of OpenCode's `plugin` array: which of them are a package, however they name it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from pydantic import JsonValue

OMO = ("oh-my-openagent", "oh-my-opencode")
"""The plugin; its tarball is published under both names."""


def spec_of(item: JsonValue) -> str:
    """Return an entry's package, file or folder: it stands alone, or first before its options."""
    first = item[0] if isinstance(item, list) and item else item
    return first if isinstance(first, str) else ""


def is_of(item: JsonValue, packages: Collection[str]) -> bool:
    """Whether an entry is one of these packages: by its name, at a version, from git, or in a folder."""
    names = "|".join(map(re.escape, packages))
    pattern = rf"(?:.*[/:])?(?:{names})(?:@[^/]*|\.git|/|/(?:dist|src)/.*|/index\.[jt]s)?(?:#.*)?"
    return bool(names) and re.fullmatch(pattern, spec_of(item)) is not None
