"""The slash commands by which the smoke script is run inside OpenCode: shipped texts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

FOLDER = "opencode/commands"
"""Below $XDG_CONFIG_HOME."""
DONE = "auto-slash-command"
"""The plugin carries a command out a second time, the script included, unless its text is in this tag."""


def commands(*, with_plugin: bool) -> Mapping[str, str]:
    """Return the text of each, by its path below $XDG_CONFIG_HOME."""
    folder = files("router") / "commands"
    found = sorted(folder.iterdir(), key=lambda entry: entry.name)
    texts = {f"{FOLDER}/{entry.name}": entry.read_text("utf-8") for entry in found}
    return {path: _done(text) for path, text in texts.items()} if with_plugin else texts


def _done(text: str) -> str:
    fence, head, body = text.split("---\n", 2)
    return f"{fence}---\n{head}---\n<{DONE}>\n{body}</{DONE}>\n"
