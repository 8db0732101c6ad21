"""The plugins of a user's other configuration file, which one in ours would switch off. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provision.fleet.workstation.reading import FoundFile
from router.jsonc import JsoncError
from router.jsonc_edit import get_path
from router.merge import Memory
from router.opencode import Setting
from router.plugins import OMO, is_of

_PATH = ("plugin",)


def plugins_beside(
    found: Mapping[str, FoundFile], file: FoundFile, memory: Memory | None, wanted: Sequence[Setting]
) -> tuple[Setting, ...]:
    """Return what opencode.json names, for an opencode.jsonc that has no `plugin` but for what is `wanted`.

    OpenCode takes `plugin` from the later of the two files alone.
    """
    other = found.get(file.path.removesuffix("c"))
    if other is None or other is file or not any(one.path == _PATH for one in wanted):
        return ()
    try:
        own = get_path((file.content or b"").decode("utf-8"), _PATH)[0]
        items = get_path((other.content or b"").decode("utf-8"), _PATH)[1]
    except (UnicodeDecodeError, JsoncError):
        return ()
    if own and (memory is None or _PATH not in memory.created):
        return ()
    return tuple(
        Setting(path=_PATH, value=item, policy="member")
        for item in (items if isinstance(items, list) else ())
        if not is_of(item, OMO)
    )
