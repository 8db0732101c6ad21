"""OpenCode's own tui.json: it writes the plugin's place there by itself, and leaves it for ever. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provision.fleet.workstation.places import PLUGIN_HOME
from provision.fleet.workstation.sharedfile import FileChange, is_bare
from router.jsonc import JsoncError
from router.jsonc_edit import get_path, remove_item

if TYPE_CHECKING:  # see sharedfile
    from provision.fleet.workstation.reading import Folders, FoundFile

_PATH = ("plugin",)


def tui_path(folders: Folders) -> str:
    """Return where OpenCode keeps it."""
    return f"{folders.config_home}/opencode/tui.json"


def plan_tui(found: Mapping[str, FoundFile], folders: Folders, plugin: str | None) -> tuple[FileChange, ...]:
    """Return the change that takes our plugin's places out, but for the one given; a broken file is left."""
    file = found.get(tui_path(folders))
    if file is None or file.kind != "file":
        return ()
    new = without_plugin(file.content or b"", folders, plugin)
    if new == file.content:
        return ()
    content = None if is_bare(new.decode("utf-8"), '{"plugin":[]}') else new
    return (FileChange(file, file.mode or "600", content, f"{folders.ledger.rsplit('/', 1)[0]}/tui.bak"),)


def without_plugin(content: bytes, folders: Folders, but: str | None = None) -> bytes:
    """Return a configuration that names no place of our plugin's, `but` that one; a broken one as it is."""
    try:
        text = content.decode("utf-8")
        items = get_path(text, _PATH)[1]
        for item in items if isinstance(items, list) else ():
            ours = isinstance(item, str) and item.startswith(f"file://{folders.home}/{PLUGIN_HOME}/")
            if ours and item != but:
                text = remove_item(text, _PATH, item)
    except (UnicodeDecodeError, JsoncError):
        return content
    return text.encode("utf-8")
