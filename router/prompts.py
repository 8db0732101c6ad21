"""The agents' prompts and descriptions: shipped texts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from router.endpoint import Frozen

_DESCRIPTION = "description: "


class Prompt(Frozen):
    """What an agent is told, and when others should call it."""

    description: str
    text: str


def _read(folder: str, name: str) -> str:
    return (files("router") / folder / f"{name}.md").read_text("utf-8")


@cache
def prompt(agent: str) -> Prompt:
    """Return a shipped agent's prompt (FileNotFoundError for another)."""
    first, _, text = _read("prompts", agent).partition("\n")
    return Prompt(description=first.removeprefix(_DESCRIPTION), text=text)


READ_ONLY = _read("prompts", "readonly").replace("\n", " ").strip()
"""What every agent that only reads is told."""
