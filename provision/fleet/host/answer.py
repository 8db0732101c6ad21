"""What look.sh prints, as values and blocks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any


class Answer:
    """The text as values and blocks."""

    def __init__(self, text: str) -> None:
        self.values: dict[str, list[str]] = {}
        self.blocks: dict[str, list[str]] = {}
        block: list[str] = []
        for line in text.splitlines():
            if line.startswith(" "):
                block.append(line[1:])
            elif line.endswith(":") and "=" not in line:
                block = self.blocks.setdefault(line[:-1], [])
            elif "=" in line:
                key, value = line.split("=", 1)
                self.values.setdefault(key, []).append(value.strip())

    def one(self, key: str) -> str:
        """The value, or an empty text."""
        return self.values.get(key, [""])[0]

    def number(self, key: str) -> int | None:
        value = self.one(key)
        return int(value) if value.lstrip("-").isdigit() else None

    def many(self, key: str) -> list[str]:
        return self.values.get(key, [])

    def block(self, key: str) -> list[str]:
        return self.blocks.get(key, [])


def settings(lines: Iterable[str]) -> dict[str, str]:
    """Shell-like assignments."""
    pairs: dict[str, str] = {}
    for line in lines:
        key, found, value = line.partition("=")
        if found:
            try:
                pairs[key.strip()] = " ".join(shlex.split(value))
            except ValueError:
                pairs[key.strip()] = value
    return pairs


def json_object(text: str) -> dict[str, Any]:
    """The JSON object, or an empty one."""
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
