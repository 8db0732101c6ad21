"""What every wire format says in its own way: a question, and an answer to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

TOKENS_IN, TOKENS_OUT = 100, 10
"""What every answer says that it cost."""


@dataclass(frozen=True)
class Call:
    """A tool that the model wants used."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Text, or calls of tools."""

    text: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Question:
    """What a request asks."""

    model: str
    stream: bool
    tools: tuple[str, ...]
    """Names of those offered, in their order."""
    said: tuple[str, ...]
    """The user's texts, first to last."""
    results: tuple[str, ...]
    """What tools gave back, first to last."""


@dataclass(frozen=True)
class Event:
    """One event of a stream; most formats name them."""

    data: Json | str
    name: str = ""


@dataclass(frozen=True)
class Wire:
    """One provider's wire format; `path` is a regular expression that may hold the model's name."""

    provider: str
    path: str
    key_header: str
    read: Callable[[str, Json], Question]
    """From the path and the body; KeyError, TypeError or ValueError where it is none."""
    stream: Callable[[Question, Answer], Iterator[Event]]
    whole: Callable[[Question, Answer], Json]
    failure: Callable[[int, str], Json]


def texts(content: object) -> list[str]:
    """The texts of a message, which is one or a list of typed parts."""
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    return [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]


def joined(contents: Sequence[object]) -> tuple[str, ...]:
    """One text for each message that has any."""
    return tuple(text for content in contents if (text := "\n".join(texts(content))))


def unique(prefix: str) -> str:
    """An identifier that no other answer has."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"
