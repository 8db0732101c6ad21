"""Hides what may be a secret before a person or a log sees a value."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import JsonValue

HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"key$|token|secret|password|passwd|authorization|credential|cookie|headers?$", re.IGNORECASE
)
_USERINFO = re.compile(r"(\w+://)[^\s/@]*@")
_QUERY = re.compile(r"\?.*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def masked(path: Sequence[str], value: JsonValue) -> JsonValue:
    """Return the value with everything hidden that stands under a secret's name, or in a URL's userinfo."""
    if path and _SECRET_KEY.search(path[-1]):
        return HIDDEN
    if isinstance(value, dict):
        return {key: masked((key,), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked((), inner) for inner in value]
    if isinstance(value, str) and "://" in value:
        return _QUERY.sub("?" + HIDDEN, _USERINFO.sub(r"\1" + HIDDEN + "@", value))
    return value


def shown(text: str) -> str:
    """Return a user's text as it may stand in a sentence on a terminal."""
    return _CONTROL.sub("?", str(masked((), text)))
